package lab;

/** What both directions of one connection know of it; each field is written by the request side only. */
final class Session {
    /** The profile that signs on, in upper case; empty before. */
    volatile String profile = "";
}
