//! One thread, no exchange: the yardstick.
