package dev.headwater.reader;

/** What an answer of a feed is made of, in the order served. */
public sealed interface Item permits Event, Range, Unusable {}
