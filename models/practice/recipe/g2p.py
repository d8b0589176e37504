"""Spelling to sounds for Thai, Lao, Khmer and Burmese, as phonemes of espeak-ng's Thai table.

espeak-ng 1.51 has no Lao and no Khmer, and reads Thai and Burmese script letter by
letter. These small rule sets parse each script into syllables (onset, vowel, coda,
tone) and write them as phoneme input for the `th` voice, whose table has the vowels
and aspirated stops all four need. They know no exceptions and no word boundaries:
good enough that different spellings sound different and the same spelling always
sounds the same, not good enough to teach anyone the language.
"""
import re

# ---- Thai, and Lao through Thai letters --------------------------------------------------

_TH_C = dict(zip("กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
                 "k kh kh kh kh kh N tS S S s S j d t th th th n d t th th th n b p ph f ph f ph m j r l w s s s h l ? h".split()))
_TH_F = dict(zip("กขคฆงจชซฎฏฐฑดตถทธนณญรลฬบปพฟภมยวศษส",
                 "k k k k N t t t t t t t t t t t t n n n n n n p p p p p m j w t t t".split()))
_HIGH, _MID = set("ขฃฉฐถผฝศษสห"), set("กจฎฏดตบปอ")
_O = r"([กขคตปผพ][รลว]|ห[มนลวยรงญ]|อ(?=ย)ย|ส(?=ร)ร|[ก-ฮ])"
_T = r"([่-๋]?)"
_F = r"([กขคฆงจชซฎฏฐฑดตถทธนณญรลบปพฟภมยวศษส](?![่-๋ะาิีึืุูัำ็])(?!(?<=[กขคตปผพ])[รลว][่-๋]?[ะาิีึืุูัำ็]))"
_TH_PATTERNS = [(re.compile(p), v) for p, v in [
    (rf"เ{_O}ี{_T}ย{_F}?", "i:a"), (rf"เ{_O}ื{_T}อ{_F}?", "Wa"), (rf"เ{_O}{_T}าะ", "O"),
    (rf"เ{_O}{_T}า", "au"), (rf"เ{_O}{_T}อ{_F}?", "@:"), (rf"เ{_O}ิ{_T}{_F}", "@:"),
    (rf"เ{_O}{_T}ย", "@:j"), (rf"เ{_O}็{_T}{_F}?", "e"), (rf"เ{_O}{_T}ะ", "e"), (rf"เ{_O}{_T}{_F}?", "e:"),
    (rf"แ{_O}็?{_T}{_F}?ะ?", "E:"), (rf"โ{_O}{_T}ะ", "o"), (rf"โ{_O}{_T}{_F}?", "o:"),
    (rf"[ใไ]{_O}{_T}ย?", "ai"), (rf"{_O}ั{_T}วะ?", "u:a"), (rf"{_O}ั{_T}{_F}?", "a"),
    (rf"{_O}{_T}ำ", "am"), (rf"{_O}ิ{_T}{_F}?", "i"), (rf"{_O}ี{_T}{_F}?", "i:"),
    (rf"{_O}ึ{_T}{_F}?", "W"), (rf"{_O}ื{_T}อ?{_F}?", "W:"), (rf"{_O}ุ{_T}{_F}?", "u"),
    (rf"{_O}ู{_T}{_F}?", "u:"), (rf"{_O}{_T}ะ", "a"), (rf"{_O}{_T}า{_F}?", "a:"),
    (rf"{_O}{_T}ว{_F}", "u:a"), (rf"{_O}็?{_T}อ{_F}?", "O:"), (rf"{_O}{_T}รร{_F}?", "a"),
    (rf"{_O}{_T}{_F}", "o"), (rf"{_O}{_T}", "a")]]


def _tone(onset, mark, vowel, coda):
    """Thai's tone rules: 1 middle, 2 low, 3 falling, 4 high, 5 rising."""
    dead = coda in ("p", "t", "k") or (not coda and len(vowel) == 1)
    first = onset[0]
    if mark == "๊":
        return "4"
    if mark == "๋":
        return "5"
    if first in _HIGH or first in _MID:
        if mark:
            return "2" if mark == "่" else "3"
        return "2" if dead else "5" if first in _HIGH else "1"
    if mark:
        return "3" if mark == "่" else "4"
    return ("4" if len(vowel) == 1 else "3") if dead else "1"


def thai(text, tones=None):
    """Thai script to phonemes, syllables joined by nothing, words by spaces."""
    text = re.sub(r"[ก-ฮ][ิุ]?์", "", text).replace("ๆ", "")
    text = text.replace("ฤ", "รึ")
    out, i = [], 0
    while i < len(text):
        for pattern, vowel in _TH_PATTERNS:
            match = pattern.match(text, i)
            if not match:
                continue
            onset, mark = match.group(1), match.group(2)
            final = match.group(3) if match.lastindex and match.lastindex > 2 else None
            coda = _TH_F.get(final, "") if final else ""
            sound = "".join(_TH_C[c] for c in (onset[1:] if onset[0] in "หอ" and len(onset) > 1 else onset))
            tone = _tone(onset, mark or "", vowel, coda)
            out.append(sound + _toned(vowel, (tones or {}).get(tone, tone)) + coda)
            i = match.end()
            break
        else:
            if text[i] == " ":
                out.append("_:")
            i += 1
    return " ".join(out)


def _toned(vowel, tone):
    """The vowel with its tone written after its last part, where the voice expects it."""
    match = re.match(r"^(.*?[aeiouEOW@]:?)([jwm]?)$", vowel)
    return match.group(1) + TONES[tone] + match.group(2)


TONES = {"1": "1", "2": "2", "3": "3", "4": "4", "5": "5"}


def lao_to_thai(text):
    """Lao script in Thai letters: the blocks mirror each other but for a few vowels."""
    text = text.replace("ໜ", "ຫນ").replace("ໝ", "ຫມ").replace("ຼ", "ລ").replace("ໍາ", "ຳ")
    text = re.sub(r"ເ([ກ-ຮ]{1,2})ີ([່-໋]?)ຍ", "ເ\\1\\2\uE000", text)
    text = re.sub(r"([ເແ])([ກ-ຮ]{1,2})ັ(?![່-໋]?ຽ)", r"\1\2็", text)
    text = re.sub(r"ເ([ກ-ຮ]{1,2})ົ([່-໋]?)າ", r"ເ\1\2າ", text)
    text = re.sub(r"ເ([ກ-ຮ]{1,2})ັ([່-໋]?)ຽ", r"ເ\1ີ\2ຍ", text)
    text = re.sub(r"ເ([ກ-ຮ]{1,2})([່-໋]?)ຍ", r"ເ\1ີ\2ຍ", text)
    text = re.sub(r"ເ([ກ-ຮ]{1,2})ີ([່-໋]?)(?!ຍ)", r"ເ\1ິ\2", text)
    text = re.sub(r"(ຫ?[ກ-ຮ])([່-໋]?)ຽ", r"ເ\1ີ\2ຍ", text)
    text = re.sub(r"([ກ-ຮ])ົ([່-໋]?)ວ", r"\1ັ\2ວ", text)
    text = re.sub(r"ໍ([່-໋]?)", r"\1ອ", text).replace("ົ", "").replace("ຍ", "ຢ").replace("\uE000", "ຢ")
    out = "".join(chr(ord(c) - 0x80) if 0x0E80 < ord(c) < 0x0EDC else c for c in text)
    return re.sub(r"เ([ก-ฮ]{1,2})ิ([่-๋]?)(?![กงดตนบมยว](?![ะาิีึืุูัำ]))", r"เ\1\2อ", out)


def lao(text):
    return thai(lao_to_thai(text), {"1": "1", "2": "2", "3": "3", "4": "4", "5": "4"})


# ---- Khmer -------------------------------------------------------------------------------

_KM_C = {}
for _letters, _series in (("ក:k ខ:kh ច:tS ឆ:S ដ:d ឋ:th ណ:n ត:t ថ:th ប:b ផ:ph ស:s ហ:h ឡ:l អ:?", 0),
                          ("គ:k ឃ:kh ង:N ជ:tS ឈ:S ញ:J ឌ:d ឍ:th ទ:t ធ:th ន:n ព:p ភ:ph ម:m យ:j រ:r ល:l វ:v", 1)):
    for _pair in _letters.split():
        _KM_C[_pair[0]] = (_pair[2:], _series)
_KM_F = {"ក": "k", "ខ": "k", "គ": "k", "ឃ": "k", "ង": "N", "ច": "c", "ជ": "c", "ញ": "J", "ដ": "t", "ត": "t", "ថ": "t",
         "ទ": "t", "ធ": "t", "ន": "n", "ណ": "n", "ប": "p", "ព": "p", "ភ": "p", "ម": "m", "យ": "j", "រ": "r", "ល": "l",
         "ឡ": "l", "វ": "w", "ស": "s", "ហ": "h"}
_KM_V = {"": ("O:", "o:"), "ា": ("a:", "i:a"), "ិ": ("e", "i"), "ី": ("ei", "i:"), "ឹ": ("@", "W"), "ឺ": ("@W", "W:"),
         "ុ": ("o", "u"), "ូ": ("ou", "u:"), "ួ": ("u:a", "u:a"), "ើ": ("a@", "@:"), "ឿ": ("Wa", "Wa"), "ៀ": ("i:@", "i:@"),
         "េ": ("e:", "e:"), "ែ": ("aE", "E:"), "ៃ": ("ai", "ei"), "ោ": ("ao", "o:"), "ៅ": ("au", "@u"), "ុំ": ("om", "um"),
         "ំ": ("Om", "um"), "ាំ": ("am", "oam"), "ះ": ("ah", "e@h"), "ុះ": ("oh", "uh"), "េះ": ("eh", "ih"),
         "ោះ": ("Oh", "u@h"), "ិះ": ("eh", "ih"), "ឹះ": ("@h", "Wh")}
_KM_IND = {"ឥ": "?e", "ឦ": "?ei", "ឧ": "?u", "ឩ": "?u:", "ឪ": "?au", "ឫ": "rW", "ឬ": "rW:", "ឭ": "lW", "ឮ": "lW:",
           "ឯ": "?aE", "ឰ": "?ai", "ឱ": "?ao", "ឲ": "?ao", "ឳ": "?au"}
_KM_SYL = re.compile(r"([ក-អ])([៉៊]?)((?:្[ក-អ]៊?)*)([៉៊]?)([ា-ៅ]?ំ?ះ?)([៉៊]?)"
                     r"((?:[កខគឃងចជញដតថទធនណបពភមយរលឡវស](?![្ា-ះ៉៊])[់៍]?)?)")


def khmer(text):
    """Khmer script to phonemes; every syllable takes the register of its strongest consonant."""
    text = re.sub(r"[ក-អ]៍", "", text).replace("៏", "").replace("័", "").replace("៌", "").replace("ៗ", "")
    out, i = [], 0
    while i < len(text):
        match = _KM_SYL.match(text, i)
        if match:
            head, shift, under, shift2, vowel, shift3, final = match.groups()
            sounds, series = _KM_C[head]
            for sub in under.replace("៊", "").split("្")[1:]:
                sound, sub_series = _KM_C[sub]
                sounds += sound
                series = sub_series if sub not in "ងញនមយរលវ" else series
            if "៉" in shift + shift2 + shift3:
                series = 0
            elif "៊" in shift + shift2 + shift3:
                series = 1
            end = match.end()
            sound = _KM_V.get(vowel, ("a", "a"))[series]
            if final and vowel.endswith(("ះ", "ំ")):
                end -= len(final)
                final = ""
            if "់" in final and vowel in ("", "ា"):
                sound = sound.replace(":", "").replace("ia", "e@")
            out.append(sounds + re.sub(r"([aeiouEOW@]:?)(?!.*[aeiouEOW@])", r"\g<1>1", sound) + _KM_F.get(final[:1], ""))
            i = end
            continue
        if text[i] in _KM_IND:
            out.append(_KM_IND[text[i]])
        elif text[i] == " ":
            out.append("_:")
        i += 1
    return " ".join(out)


# ---- Burmese -----------------------------------------------------------------------------

_MY_C = dict(zip("ကခဂဃငစဆဇဈညဉဋဌဍဎဏတထဒဓနပဖဗဘမယရလဝသဟဠအ",
                 "k kh g g N s sh z z J J t th d d n t th d d n p ph b b m j j l w T h l ?".split()))
_MY_R = {"": "a2", "ာ": "a:1", "ါ": "a:1", "ိ": "i2", "ီ": "i:1", "ု": "u2", "ူ": "u:1", "ေ": "e:1", "ဲ": "E:4", "ော": "O:4",
         "ေါ": "O:4", "ော်": "O:1", "ေါ်": "O:1", "ို": "o:1", "ံ": "a1n", "ုံ": "o1n", "ိံ": "e1n", "က်": "E2?", "င်": "i1N", "စ်": "i2?",
         "ည်": "i:1", "ဉ်": "i1n", "တ်": "a2t", "န်": "a1n", "ပ်": "a2p", "မ်": "a1m", "ယ်": "E:1", "ိတ်": "ei2t", "ိန်": "ei1n",
         "ိပ်": "ei2p", "ိမ်": "ei1m", "ုတ်": "ou2t", "ုန်": "ou1n", "ုပ်": "ou2p", "ုမ်": "ou1m", "ောက်": "au2k", "ေါက်": "au2k",
         "ောင်": "au1N", "ေါင်": "au1N", "ိုက်": "ai2k", "ိုင်": "ai1N", "ွတ်": "u2t", "ွန်": "u1n", "ွပ်": "u2p", "ွမ်": "u1m", "သ်": "a2t",
         "ဒ်": "a2t", "ဂ်": "E2k", "ဘ်": "a2p", "လ်": "a1n", "ရ်": "a1", "ဇ်": "i2t", "ဗ်": "a2p", "ဓ်": "a2t", "ဋ်": "a2t", "ဏ်": "a1n"}
_MY_IND = {"ဤ": "?i:1", "ဧ": "?e:1", "ဥ": "?u2", "ဦ": "?u:1", "ဩ": "?O:4", "ဪ": "?O:1", "၏": "?i4", "၍": "jue1", "၌": "nai2k", "၎": "la2"}
_MY_SYL = re.compile(r"([က-အ])([ျြွှ]*)([ိီုူေဲာါံ]*)([့း]*)((?:[က-အ](?=[့]?[်္]))?)([့]?)([်္]?)([့း]*)")


def burmese(text):
    """Burmese script to phonemes: onset with medials, then a rime of vowels and killed consonant."""
    out, i = [], 0
    while i < len(text):
        match = _MY_SYL.match(text, i)
        if match:
            head, medials, vowels, mark, final, mark2, killer, mark3 = match.groups()
            end = match.end()
            if not final and killer and "ော" not in vowels and "ေါ" not in vowels:
                end = max(match.start() + 1, match.end() - 1)
            sound = _MY_C[head]
            if "ှ" in medials:
                sound = "S" if sound == "j" else sound + "h"
            if "ျ" in medials or "ြ" in medials:
                sound = {"k": "tS", "kh": "tSh", "g": "dZ"}.get(sound, sound + "j")
            rime = vowels + (final + "်" if final else "်" if killer else "")
            if "ွ" in medials:
                if "ွ" + rime in _MY_R:
                    rime = "ွ" + rime
                else:
                    sound += "w"
            vowel = _MY_R.get(rime) or _MY_R.get(vowels, "a2") + (_MY_C.get(final, ""))
            marks = mark + mark2 + mark3
            tone = "4" if "း" in marks else "2" if "့" in marks else None
            if tone:
                vowel = re.sub(r"[1-5]", tone, vowel)
            out.append(sound + vowel)
            i = end
            continue
        if text[i] in _MY_IND:
            out.append(_MY_IND[text[i]])
        elif text[i] == " ":
            out.append("_:")
        i += 1
    return " ".join(out)


G2P = {"th": thai, "lo": lao, "km": khmer, "my": burmese}
