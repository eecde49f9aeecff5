package dev.headwater.reader;

/**
 * The positions {@code from..to} that the events before it speak for; {@code to = from - 1} when empty.
 *
 * @param log the lineage
 * @param count events shown in the range
 * @param cursor what to ask for next
 * @param atEnd nothing lay beyond as this was read
 */
public record Range(String log, long from, long to, long count, Cursor cursor, boolean atEnd) implements Item {}
