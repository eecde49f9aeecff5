package dev.headwater.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.headwater.reader.LittleFeed;
import dev.headwater.reader.Place;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WatcherTest {
    private static long looksAt(LittleFeed feed) {
        return feed.asked().stream().filter("/"::equals).count();
    }

    /** A landscape that starts lists its services one after the other: tasks must not be made anew for each. */
    @Test
    void takes_a_service_for_gone_only_when_it_is_missing_twice_in_a_row() throws Exception {
        try (LittleFeed feed = new LittleFeed()) {
            feed.addService("cards");
            Settings settings = new Settings(Map.of("entry.url", feed.entry().toString(), "kafka.bootstrap.servers", "none:1", "discovery.interval.ms", "100"));
            Semaphore changes = new Semaphore(0);
            try (Watcher watcher = new Watcher(settings, changes::release, service -> Map.of("at", System.currentTimeMillis()))) {
                watcher.start();
                long known = watcher.places().size();
                long looks = looksAt(feed);
                feed.removeService("cards");
                assertTrue(changes.tryAcquire(20, TimeUnit.SECONDS));
                assertTrue(looksAt(feed) - looks >= 2);
                assertEquals(known - 1, watcher.places().size());
                assertTrue(watcher.places().stream().map(Place::service).noneMatch("cards"::equals));
                feed.addService("cards");
                assertTrue(changes.tryAcquire(20, TimeUnit.SECONDS));
                assertEquals(known, watcher.places().size());
            }
        }
    }

    /** A worker that is rebalancing, or an offset that cannot be read, must not end the only thread that notices services. */
    @Test
    void tells_of_a_change_again_when_telling_failed() throws Exception {
        try (LittleFeed feed = new LittleFeed()) {
            Settings settings = new Settings(Map.of("entry.url", feed.entry().toString(), "kafka.bootstrap.servers", "none:1", "discovery.interval.ms", "100"));
            AtomicInteger told = new AtomicInteger();
            Semaphore changes = new Semaphore(0);
            Runnable changed = () -> {
                if (told.incrementAndGet() == 1) throw new IllegalStateException("The worker is busy.");
                changes.release();
            };
            try (Watcher watcher = new Watcher(settings, changed, service -> Map.of("at", System.currentTimeMillis()))) {
                watcher.start();
                feed.addService("cards");
                assertTrue(changes.tryAcquire(20, TimeUnit.SECONDS));
                assertTrue(watcher.places().stream().map(Place::service).anyMatch("cards"::equals));
            }
        }
    }
}
