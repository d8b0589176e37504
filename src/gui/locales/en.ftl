# The words of the screens: English.

# The rail
nav-interview = Interview
nav-review = Review
nav-search = Search
nav-glossary = Glossary
nav-models = Models
nav-settings = Settings

# Everywhere
add = Add
remove = Remove
cancel = Cancel
close = Close
resume = Finish what is pending
export = Export
busy = The program is still busy with what you asked before.
busy-next = Wait a moment, then ask again.
written = The file is written: { $path }
choices-broken = The file with your settings could not be read. The usual settings are in force.
choices-aside = The old file is kept here: { $path }
fonts-missing = No installed font can show: { $languages }. On Debian or Ubuntu, run: sudo apt install fonts-noto-core fonts-noto-cjk. Then start the program again.

# Taking interviews in
intake-title = New interview
intake-about = Take in recordings, or transcripts made elsewhere. The original is copied untouched, and the time of every line is kept. You can also drop files onto this window.
intake-files = Files
intake-path = or type a path:
intake-kinds = Sound: WAV, FLAC, MP3, M4A, OGG, Opus, and the sound of MP4 and MKV films. Transcripts: JSON, SRT, VTT, CSV.
intake-officer = Language of the officer
intake-other = Language of the person interviewed
intake-third = Third language
intake-none = none
intake-case = Case
intake-start = Start
intake-wait = Other work is running; it must end first.
intake-no-file = Choose at least one file.
intake-two-languages = Choose two or three different languages.
intake-practice = To learn the program, take a practice interview. They are invented; never use a practice model for casework.
choose-file = Choose a file
choose-up = Folder above
choose-empty = There is nothing here that can be taken in.
choose-cut = This folder holds more than is shown. Type the path instead.


live-start = Record now
live-practice = Practise: play the chosen file in place of a microphone
live-about = The microphone that was used last is taken, else the usual one of the system. What the microphone hears is kept as it is.
live-recording = Recording
live-paused = Paused
live-ending = The sound is kept; text is still being written
live-source = Microphone: { $name }
live-level = Channel { $channel }
live-lag = { $time } of speech waits for its text
live-disk = The disk has room for { $minutes } minutes
live-is-practice = A file plays in place of a microphone; the interview is marked as practice.
live-lost = { $count } samples were lost and replaced by silence
live-sleep = This system could not be asked to stay awake; see that it does not go to sleep.
live-no-model = No installed model recognises { $language }; the sound is recorded, the text waits.
live-words = Words for a mark or a pause
live-mark = Mark this moment
live-pause = Pause
live-continue = Go on
live-end = End the recording
live-read = Read all lines

phase-loading = Models are being read
phase-copying = The original is being copied
phase-decoding = The sound is being decoded
phase-finding = Speech is being looked for
phase-writing = Lines are being written and translated
job-left = About { $time } left for this step
job-lines = { $said } lines written, { $translated } translations
job-stop = Stop
job-stopped = Stopped. What was done is kept; the rest can be finished later.
job-nothing = Nothing was taken in.
job-done = Done.
job-open = Read { $name }

# Review
review-title = Interviews
review-empty = There are no interviews yet. Take in a recording or a transcript to begin.
review-new = New interview
review-back = Interviews
review-no-lines = This interview has no lines: no speech was found in the recording.
lines-count = { $count } lines
flagged-count = { $count } in doubt
pending-count = { $count } pending
next-flagged = Next in doubt (N)
next-unreviewed = Next unread (U)
overview = The whole recording: press to go to a place
role-officer = officer
role-interviewee = interviewee
role-interpreter = interpreter
status-pending = pending
status-failed = failed
status-machine = machine
line-pending = Not written yet
line-failed = The machine failed on this line. The sound is kept.
line-empty = No words
line-untranslated = Not translated yet
line-earlier = of an earlier version
line-play = Play (Enter)
line-correct = Correct (E)
line-correct-in = Correct in { $language }
line-versions = Versions (H)
line-versions-close = Hide versions (H)
edit-said = What was said
edit-translation = Translation
edit-by = Your name
edit-reason = Reason
edit-keep = Keep (Enter)

# Doubts
flag-practice-model = practice model
flag-low-confidence = The machine is unsure of these words
flag-no-text = Somebody speaks here, but no words were written
flag-no-speech = Perhaps nobody speaks here
flag-repetition = The same words over and over
flag-wrong-script = Letters of another script
flag-speech-rate = More words than anybody speaks in this time
flag-language-uncertain = Perhaps another language
flag-phantom-phrase = A phrase that machines invent in silence or music
flag-cut-without-pause = Cut in the middle of speech
flag-term-missing = An agreed term is not in the translation
flag-number-mismatch = A number, a date or a document number differs
flag-negation-differs = Only one of the two languages denies
flag-question-differs = A question in one language, a statement in the other
flag-lunar-date = A date of another calendar: a person must convert it
flag-term-forbidden = A word that must not be used stands in the translation
flag-untranslated = Perhaps not translated
flag-length-ratio = The translation is far too short or too long
flag-low-probability = The machine is unsure of this translation
flag-opinions-differ = A second engine translates this quite differently
flag-truncated = The translation stops too early
flag-zawgyi = Typed in Zawgyi and put into Unicode; the letters as they came are kept here
flag-no-model = No installed model translates this direction
flag-stale = The words were corrected since; this translation is of the earlier ones
flag-engine-failed = The machine failed here

# Search
search-title = Search in all interviews
search-words = Words
search-language = Spoken language
search-any = any
search-case = Case
search-speaker = Speaker
search-empty = Type a name, a word or a number. What is found is shown as you type.
search-nothing = Nothing was found. Try fewer letters, or another spelling.
search-count = { $count } lines found
search-incomplete = Only the newest interviews were looked through for this.

# Glossary
glossary-title = Agreed terms
glossary-empty = There are no terms. Put a CSV file into the folder glossaries, or run: mekong glossary import FILE
glossary-filter = Show only
glossary-unreviewed = not reviewed
glossary-count = { $count } terms
review-sourced = from a named source
review-reviewed = reviewed
review-unreviewed = not reviewed by a native speaker

# Models
models-title = Models
models-empty = There are no models. Run: mekong models import FOLDER
models-check = Check all files
models-about = A model whose files differ from its list is never loaded.
models-speech = Speech
models-translation = Translation
models-facts = Licence { $license }, { $size } MB
models-practice = For practice only. Never use it for casework.
models-unchecked = The files were not checked since the program started.
models-whole = All files are as listed.

# Settings
settings-title = Settings
settings-language = Language of the screens
settings-unreviewed = These words were not reviewed by a native speaker.
settings-look = Colours
settings-size = Size of the text
settings-blank = Key that hides everything
settings-doubt = Underline words less certain than
settings-name = Your name, for corrections
settings-keys = Keys: Ctrl+1 to Ctrl+7 change the screen. In a transcript: arrows move, Enter plays, Esc is silent, E and T correct, H shows versions, N goes to the next line in doubt, U to the next unread one.
look-light = light
look-dark = dark
look-contrast = high contrast

# The lock
vault-locked = This workspace is locked
vault-passphrase = Passphrase of the workspace
vault-open = Open
vault-trying = Opening…
vault-busy = A recording or a job is running, so the workspace stays open.
vault-busy-next = End it, then press Ctrl-L again.

# People
nav-people = People
people-title = People
people-register = Register
people-offers = Offered by transcripts
people-links = Links
people-find = Name, number or case
people-language = Language
people-language-any = not known
people-add = Enter as a new person
people-empty = Nobody is in the register yet. Type a name and enter it, or look at what transcripts offer.
people-none = Nobody in the register has these letters or digits.
people-count = { $count } people
people-near = Names that sound alike, in any script:
people-back = All people
people-entered = entered by { $by }, { $at }
people-line = Line { $line }
people-withdraw = Take back
people-withdrawn = counts no more
people-history = Show every entry, also those corrected or taken back
people-new-entry = New entry:
people-value = Words or number
people-source = Source
people-matches = May be the same person
people-no-matches = No other name in the register is near to these.
people-decided = decided by { $by }, { $at }
people-shared = Shared with others
people-nothing-shared = Nobody else has the same phone, plate, document, place or interview.
verdict-same = Same person
verdict-not-same = Another person
verdict-unsure = Unsure
part-family = family name
part-given = given name
part-name = name
kind-name = Name
kind-role = Role
kind-birth-year = Year of birth
kind-phone = Phone
kind-plate = Plate
kind-document = Document
kind-place = Place
kind-mention = Mentioned
kind-note = Note
source-given = given by the person
source-alias = alias
source-document = read in a document
source-heard = heard
offers-transcript = Transcript
offers-nothing = This transcript offers nothing more.
offers-this = This is { $name } ({ $score })
offers-also = Enter for { $name }
offers-new = A new person
offers-no = Not wanted
links-empty = No two people in the register share a phone, plate, document, place or interview.
links-picture = People and what they share
links-interview = Interview
