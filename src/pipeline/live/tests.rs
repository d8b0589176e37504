//! A whole session in one process: a practice file as the microphone, fakes as the engines.
