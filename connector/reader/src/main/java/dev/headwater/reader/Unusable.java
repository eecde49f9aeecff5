package dev.headwater.reader;

/** Something in the place of an event that is no event of the format; JSON all the same. */
public record Unusable(String reason, byte[] json) implements Item {}
