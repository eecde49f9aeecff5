package dev.headwater.reader;

import java.net.URI;

/** A service that may have a feed: its name, and its home (or the feed itself, where that was all that was given). */
public record Place(String service, URI at) {}
