package dev.headwater.connect;

import dev.headwater.reader.Covered;
import dev.headwater.reader.Item;
import dev.headwater.reader.Lineage;
import dev.headwater.reader.Range;
import java.util.List;
import java.util.Map;

/**
 * A proved range of a feed with all that it shows: what goes into Kafka whole or not at all.
 *
 * @param lineage of the log that the range is of
 * @param topics that its events go to, by name, as they were found to take them
 */
record Chunk(FeedLane lane, Covered covered, Lineage lineage, Map<String, Topics.Known> topics) {
    List<Item> items() {
        return covered.items();
    }

    Range range() {
        return covered.range();
    }

    /** Of its events. */
    int bytes() {
        return covered.bytes();
    }
}
