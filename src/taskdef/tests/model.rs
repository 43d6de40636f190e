//! Documents as the API model allows them.
