package dev.headwater.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.Test;

class FeedOffsetTest {
    /** Connect compares keys as JSON text: another order after a restart, and the feed would be read from its beginning again. */
    @Test
    void namesAPartitionInTheSameOrderInEveryProcess() {
        assertEquals(List.of("feed", "service"), List.copyOf(FeedOffset.partition("pots").keySet()));
    }

    /** Connect's REST interface looks offsets up by partitions that it read back into this kind of map. */
    @Test
    void namesAPartitionInTheOrderInWhichConnectAsksForIt() {
        assertEquals(FeedOffset.partition("pots").toString(), new HashMap<>(FeedOffset.partition("pots")).toString());
    }
}
