//! Who signs: roles, public keys with their proof, Ed25519 signatures and their PEM form.
//!
//! A public key's *number* is the Ed25519 key itself in hexadecimal digits: nothing shorter stands for
//! it, and stock `openssl` shows the same digits.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::Error;
use super::canonical::{base64, canonical, hex, unhex};
use super::consent::hides;
use crate::vault::{Locked, Phrase};

/// What stands before an Ed25519 key in the DER form of a public key (RFC 8410).
const DER_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// Most bytes of a public key's file.
pub const MAX_KEY_FILE: usize = 4096;
/// Longest name of a person, in bytes.
const MAX_NAME: usize = 200;

/// What a person does in an interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Leads interviews and seals them.
    Officer,
    /// Interprets, and certifies lines.
    Interpreter,
    /// Reads what others wrote, and certifies lines.
    Reviewer,
    /// Looks after keys, seals interviews and exchanges bundles.
    Administrator,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 4] = [
        Role::Officer,
        Role::Interpreter,
        Role::Reviewer,
        Role::Administrator,
    ];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Officer => "officer",
            Role::Interpreter => "interpreter",
            Role::Reviewer => "reviewer",
            Role::Administrator => "administrator",
        }
    }

    /// The role with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether one of this role may certify lines.
    pub const fn certifies(self) -> bool {
        matches!(self, Role::Interpreter | Role::Reviewer)
    }

    /// Whether one of this role may seal interviews.
    pub const fn seals(self) -> bool {
        matches!(self, Role::Officer | Role::Administrator)
    }
}

/// One who can sign: a person's unlocked key, or a test's.
pub trait Sign {
    /// Whose signature it is.
    fn public(&self) -> &PublicKey;
    /// Signs a message with Ed25519 (RFC 8032).
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// What others know of a person's key. Its own signature stands under all of it, so that nobody gives
/// somebody's key another name or another lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The person's name.
    pub name: String,
    /// What the person does.
    pub role: Role,
    /// The Ed25519 key, 64 digits.
    pub number: String,
    /// The age recipient (`age1...`) that bundles to this person are encrypted to.
    pub recipient: String,
    /// When it was made, RFC 3339.
    pub made: String,
    /// Its own signature, 128 digits.
    pub proof: String,
}

impl PublicKey {
    /// The file that is handed to others.
    pub fn to_text(&self) -> String {
        let mut fields = self.fields();
        fields.insert("proof".into(), json!(self.proof));
        // Text and nothing else: there is no number that could be refused.
        canonical(&Value::Object(fields)).unwrap_or_default()
    }

    /// Reads [`Self::to_text`] and checks the proof.
    ///
    /// # Errors
    /// [`Error::NotAKey`].
    pub fn from_text(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_KEY_FILE {
            return Err(Error::NotAKey("it is too long"));
        }
        let value: Value =
            serde_json::from_str(text.trim()).map_err(|_| Error::NotAKey("it is not JSON"))?;
        let field = |name: &str| {
            let found = value.get(name).and_then(Value::as_str);
            found
                .map(str::to_owned)
                .ok_or(Error::NotAKey("a field is missing"))
        };
        let key = Self {
            name: field("name")?,
            role: Role::parse(&field("role")?).ok_or(Error::NotAKey("its role is not known"))?,
            number: field("number")?,
            recipient: field("recipient")?,
            made: field("made")?,
            proof: field("proof")?,
        };
        check_name(&key.name)?;
        if value.get("format") != Some(&json!(FORMAT)) || key.to_text() != text.trim() {
            return Err(Error::NotAKey("it is of another form"));
        }
        if key.verifies(key.statement().as_bytes(), &key.proof) {
            Ok(key)
        } else {
            Err(Error::NotAKey("its own signature does not fit"))
        }
    }

    /// What the proof is a signature of.
    pub fn statement(&self) -> String {
        canonical(&Value::Object(self.fields())).unwrap_or_default()
    }

    /// Whether `signature` (128 digits) is this key's under `message`.
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        verifies(&self.number, message, signature)
    }

    fn fields(&self) -> Map<String, Value> {
        let fields = [
            ("format", FORMAT),
            ("name", &self.name),
            ("role", self.role.as_str()),
            ("number", &self.number),
            ("recipient", &self.recipient),
            ("made", &self.made),
        ];
        fields
            .into_iter()
            .map(|(name, text)| (name.to_owned(), json!(text)))
            .collect()
    }
}

const FORMAT: &str = "mekong-key-1";

/// A person's unlocked key, in memory that is not swapped and is wiped when it goes.
pub struct SecretKey {
    public: PublicKey,
    signing: Locked<SigningKey>,
    /// Opens bundles to this person.
    pub(super) identity: Locked<age::x25519::Identity>,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SecretKey")
            .field(&self.public.number)
            .finish()
    }
}

impl SecretKey {
    /// A new key of a person.
    ///
    /// # Errors
    /// A name that is empty, too long or holds control characters; a system without randomness.
    pub fn new(name: &str, role: Role) -> Result<Self, Error> {
        check_name(name)?;
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| Error::NoRandomness)?;
        let signing = Locked::new(SigningKey::from_bytes(&seed));
        let identity = Locked::new(age::x25519::Identity::generate());
        let mut public = PublicKey {
            name: name.to_owned(),
            role,
            number: hex(signing.verifying_key().as_bytes()),
            recipient: identity.to_public().to_string(),
            made: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
            proof: String::new(),
        };
        public.proof = hex(&signing.sign(public.statement().as_bytes()).to_bytes());
        Ok(Self {
            public,
            signing,
            identity,
        })
    }

    /// The two secrets as text, to be encrypted at once.
    pub(super) fn secrets(&self) -> Phrase {
        use age::secrecy::ExposeSecret as _;
        let seed = Zeroizing::new(hex(self.signing.as_bytes()));
        let lock = self.identity.to_string();
        let lines = [seed.as_str(), "\n", lock.expose_secret(), "\n"];
        lines.into_iter().flat_map(str::chars).collect()
    }

    /// The counterpart of [`Self::secrets`]; both must belong to `public`.
    pub(super) fn from_secrets(public: PublicKey, text: &str) -> Option<Self> {
        let (seed, lock) = text.trim_end().split_once('\n')?;
        let seed = Zeroizing::new(unhex::<32>(seed)?);
        let signing = Locked::new(SigningKey::from_bytes(&seed));
        let identity = Locked::new(lock.parse::<age::x25519::Identity>().ok()?);
        let fits = hex(signing.verifying_key().as_bytes()) == public.number
            && identity.to_public().to_string() == public.recipient;
        fits.then_some(Self {
            public,
            signing,
            identity,
        })
    }
}

impl Sign for SecretKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }
}

/// Whether `signature` (128 digits) under `message` was made with the key of this number. Strict:
/// weak keys and second spellings of a signature are refused.
pub fn verifies(number: &str, message: &[u8], signature: &str) -> bool {
    let (Some(key), Some(signature)) = (unhex::<32>(number), unhex::<64>(signature)) else {
        return false;
    };
    VerifyingKey::from_bytes(&key).is_ok_and(|key| {
        key.verify_strict(message, &Signature::from_bytes(&signature))
            .is_ok()
    })
}

/// A public key as `openssl` reads it.
pub fn to_pem(number: &str) -> Option<String> {
    let mut der = DER_HEAD.to_vec();
    der.extend(unhex::<32>(number)?);
    let mut body = String::new();
    base64(&der, &mut body);
    Some(format!(
        "-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"
    ))
}

fn check_name(name: &str) -> Result<(), Error> {
    let trimmed = name.trim() == name;
    if name.is_empty() || name.len() > MAX_NAME || !trimmed || hides(name) {
        return Err(Error::KeyName);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_any_script_goes_out_and_comes_back() {
        for name in ["张伟", "Nguyễn Văn Hùng", "สมชาย", "ကိုအောင်", "ສົມພອນ", "សុខា"]
        {
            let key = SecretKey::new(name, Role::Interpreter).unwrap();
            let read = PublicKey::from_text(&key.public().to_text()).unwrap();
            assert_eq!(&read, key.public());
            let same = SecretKey::from_secrets(read, &key.secrets()).unwrap();
            let signature = hex(&same.sign(b"words"));
            assert!(key.public().verifies(b"words", &signature));
            assert!(!key.public().verifies(b"word", &signature));
        }
    }

    #[test]
    fn a_changed_name_role_or_lock_breaks_the_proof() {
        let (a, b) = (
            SecretKey::new("Li", Role::Officer).unwrap(),
            SecretKey::new("Su", Role::Reviewer).unwrap(),
        );
        let text = a.public().to_text();
        for (from, to) in [
            ("\"Li\"", "\"Lo\""),
            ("officer", "reviewer"),
            (&a.public().recipient, &b.public().recipient),
            (&a.public().number, &b.public().number),
            ("mekong-key-1", "mekong-key-2"),
            ("\"made\"", " \"made\""),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(PublicKey::from_text(&changed).is_err(), "{from}");
        }
        assert!(SecretKey::from_secrets(b.public().clone(), &a.secrets()).is_none());
    }

    #[test]
    fn names_that_could_mislead_are_refused() {
        for name in [
            "",
            " Li",
            "Li ",
            "Li\n",
            "L\u{200b}i",
            "\u{202e}Li",
            &"x".repeat(201),
        ] {
            assert!(matches!(
                SecretKey::new(name, Role::Officer),
                Err(Error::KeyName)
            ));
        }
    }
}
