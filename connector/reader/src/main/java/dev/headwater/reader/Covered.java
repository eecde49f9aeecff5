package dev.headwater.reader;

import java.util.List;

/**
 * A proved range with all that it shows.
 *
 * @param bytes of its events
 */
public record Covered(List<Item> items, Range range, int bytes) {}
