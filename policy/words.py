"""Words that name a request for the code, on the phone and in chats."""

WORDS: tuple[str, ...] = (
    *("anchor", "badger", "balloon", "banana", "basil", "bravo", "canyon", "castle"),
    *("charlie", "chimney", "cobra", "crystal", "delta", "dolphin", "dragon", "echo"),
    *("falcon", "feather", "foxtrot", "garden", "giraffe", "granite", "hotel", "iceberg"),
    *("igloo", "jelly", "jungle", "lantern", "lemon", "lobster", "magnet", "marble"),
    *("mirror", "monkey", "muffin", "mustard", "noodle", "olive", "orbit", "oscar"),
    *("peanut", "penguin", "picnic", "pillow", "pirate", "pumpkin", "puzzle", "quebec"),
    *("ribbon", "rocket", "sandwich", "silver", "sunset", "tango", "trumpet", "tulip"),
    *("velvet", "victor", "volcano", "waffle", "walrus", "whiskey", "wizard", "zulu"),
)
"""After the radio alphabet: plain nouns of two or three syllables. Any two differ in their first
three letters, in at least three letters and in how they sound (Soundex); none is a number, a yes
or a no."""
