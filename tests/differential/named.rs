//! Worlds on which the forecast and the stand-in once disagreed, each with the side that was wrong.
