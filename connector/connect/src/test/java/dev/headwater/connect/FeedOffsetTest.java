package dev.headwater.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.errors.ConnectException;
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

    @Test
    void refusesAPartitionInAnotherOrderFromAnOperator() {
        Map<String, String> turned = new LinkedHashMap<>();
        turned.put("service", "pots");
        turned.put("feed", "published");
        assertThrows(ConnectException.class, () -> FeedOffset.check(turned, Map.of("position", "beginning")));
        FeedOffset.check(FeedOffset.partition("pots"), Map.of("position", "beginning"));
    }
}
