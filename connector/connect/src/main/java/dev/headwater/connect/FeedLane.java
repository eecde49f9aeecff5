package dev.headwater.connect;

import dev.headwater.reader.BackOff;
import dev.headwater.reader.Covered;
import dev.headwater.reader.Cursor;
import dev.headwater.reader.Discovery;
import dev.headwater.reader.Event;
import dev.headwater.reader.FeedBroken;
import dev.headwater.reader.FeedForked;
import dev.headwater.reader.FeedReader;
import dev.headwater.reader.FeedRefused;
import dev.headwater.reader.FeedUnavailable;
import dev.headwater.reader.Http;
import dev.headwater.reader.Item;
import dev.headwater.reader.Lineage;
import dev.headwater.reader.Pause;
import dev.headwater.reader.Place;
import dev.headwater.reader.Range;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One feed, read by one thread into the intake: retries what can pass, reports what cannot, and finds a service that moved. */
final class FeedLane implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(FeedLane.class);
    /** A page of a proxy looks like this many broken answers; a broken contract like more. */
    private static final int BROKEN_TRIES = 5;
    private static final long END_EVERY_NANOS = Duration.ofSeconds(10).toNanos();

    private final Settings settings;
    private final Intake intake;
    private final Map<String, ?> kept;
    private final Pause pause = new Pause();
    private final BackOff backOff = new BackOff(RandomGenerator.getDefault());
    private final Http http;
    private final Discovery discovery;
    private final Thread thread;
    final Vitals vitals = new Vitals();

    private Place place;
    private volatile FeedReader reader;
    private FeedOffset offset;
    /** Of the log as last read; null before. */
    private Lineage lineage;
    private int brokenInARow;
    private int refusedInARow;
    private long endAskedAt;
    private long behindSincePending;

    /** @param kept offset as Connect keeps it; null when the feed was never read */
    FeedLane(Settings settings, Place place, Map<String, ?> kept, Intake intake) {
        this.settings = settings;
        this.place = place;
        this.kept = kept;
        this.intake = intake;
        this.http = settings.http(vitals);
        this.discovery = new Discovery(http);
        this.thread = new Thread(this, "headwater-feed-" + place.service());
        thread.setDaemon(true);
    }

    String service() {
        return place.service();
    }

    void start() {
        thread.start();
    }

    /** Returns at once; the thread ends as soon as what it waits for lets it go. */
    void stop() {
        pause.stop();
        FeedReader open = reader;
        if (open != null) open.close();
        http.close();
        thread.interrupt();
    }

    void join() throws InterruptedException {
        thread.join();
    }

    @Override
    public void run() {
        try {
            while (!pause.isStopped() && step()) continue;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException permanent) {
            if (!pause.isStopped()) intake.fail(new ConnectException("Feed of " + service() + ": " + permanent.getMessage(), permanent));
        }
    }

    /** @return false when there is nothing more to come, ever */
    private boolean step() throws InterruptedException {
        try {
            if (reader == null) open();
            readAnswer();
        } catch (FeedUnavailable later) {
            retry(later, later.retryAfter());
        } catch (RetriableException kafka) {
            retry(kafka, Duration.ZERO);
        } catch (FeedBroken broken) {
            if (++brokenInARow >= BROKEN_TRIES) throw broken;
            retry(broken, Duration.ZERO);
        } catch (FeedRefused refused) {
            if (settings.forOneConsumer() && refused.code().equals("HW_TYPE_NOT_SHOWN")) {
                log.info("What {} showed to {} has ended, as it said it would: {}", service(), settings.getString(Settings.CONSUMER), refused.getMessage());
                return false;
            }
            // A service that moved answers 404 where it was: look it up once more.
            if (refused.status() != 404 || ++refusedInARow > 1) throw refused;
            retry(refused, Duration.ZERO);
        } catch (FeedForked forked) {
            goOnBehind(forked);
        }
        return true;
    }

    private void open() {
        place = discovery.services(settings.entry()).stream()
                .filter(found -> found.service().equals(service()))
                .findFirst()
                .orElse(place);
        URI feed = discovery.feed(place).orElseThrow(() -> new FeedRefused(404, place.at() + " links to no feed (relation events)."));
        if (offset == null) offset = resolve(feed);
        reader = reading(feed, offset.cursor());
    }

    private FeedReader reading(URI feed, Cursor after) {
        // An event too large for Kafka must still be read to be put aside.
        int mostBytes = Math.max(16 * 1024 * 1024, settings.getInt("event.max.bytes"));
        return new FeedReader(http, feed, settings.getList("types"), after, settings.getInt("wait.seconds"), mostBytes);
    }

    private FeedOffset resolve(URI feed) {
        if (kept == null) return new FeedOffset("", Cursor.START, 0);
        if (!FeedOffset.isSymbolic(kept)) return FeedOffset.of(kept);
        try (FeedReader asking = reading(feed, Cursor.START)) {
            if (kept.get("time") instanceof String time) return new FeedOffset("", asking.cursorBefore(time), 0);
            if (kept.get("event") instanceof String id) return new FeedOffset("", asking.cursorOf(id), 0);
            return new FeedOffset("", Cursor.START, 0);
        }
    }

    private void readAnswer() throws InterruptedException {
        for (Covered next = reader.nextRange(); next != null; next = reader.nextRange()) {
            give(next.items(), next.range(), next.bytes());
            succeeded();
        }
    }

    private void give(List<Item> items, Range range, int bytes) throws InterruptedException {
        for (int i = items.size() - 1; i >= 0; i--) {
            if (!(items.get(i) instanceof Event event)) continue;
            behindSincePending = Instant.parse(event.recordedTime()).toEpochMilli();
            break;
        }
        intake.put(new Chunk(this, items, range, lineageOf(range), bytes));
        offset = new FeedOffset(range.log(), range.cursor(), offset.partitions());
        vitals.position = range.to();
        vitals.behindSince = range.atEnd() ? 0 : behindSincePending;
        if (range.atEnd()) vitals.end = range.to();
        else if (System.nanoTime() - endAskedAt > END_EVERY_NANOS) lookAtEnd();
    }

    /** Asked for once, and whenever the log has another name than before: whoever reads the topic must learn where it forked. */
    private Lineage lineageOf(Range range) {
        if (lineage == null || !lineage.log().equals(range.log())) lineage = reader.lineage();
        if (!lineage.log().equals(range.log())) throw new FeedUnavailable("The log of " + service() + " went on as " + lineage.log() + " while a range of " + range.log() + " was read.", Duration.ZERO);
        return lineage;
    }

    private void lookAtEnd() {
        endAskedAt = System.nanoTime();
        vitals.end = reader.end().position();
    }

    private void succeeded() {
        if (backOff.failures() > 0) log.info("The feed of {} is read again, at position {}.", service(), vitals.position);
        backOff.succeeded();
        brokenInARow = 0;
        refusedInARow = 0;
        vitals.failuresInARow = 0;
    }

    private void retry(RuntimeException reason, Duration atLeast) throws InterruptedException {
        // A chunk begun is read again from its start: only whole ranges are given.
        reader = null;
        Duration wait = backOff.failed(atLeast);
        vitals.failuresInARow = backOff.failures();
        vitals.backOffSeconds = wait.toMillis() / 1000.0;
        if (pause.isStopped()) return;
        log.warn("The feed of {} cannot be read at position {} (failure {}), next try in {} ms: {}",
                service(), vitals.position, backOff.failures(), wait.toMillis(), reason.getMessage());
        pause.sleep(wait);
        vitals.backOffSeconds = 0;
    }

    private void goOnBehind(FeedForked forked) {
        Cursor shared = forked.lineage().goOnFrom(offset.log()).orElse(null);
        if (shared == null || !settings.getString("on.fork").equals("continue"))
            throw new ConnectException(forked.getMessage() + (shared == null ? "" : " The last event both lineages share is " + shared + ": say on.fork=continue to go on from there; what lies beyond it in the topic is no longer part of the log."));
        log.warn("The log of {} forked: going on from {} in {}. Events of {} beyond it stay in the topic.", service(), shared, forked.lineage().log(), offset.log());
        offset = new FeedOffset(forked.lineage().log(), shared, offset.partitions());
        reader = null;
    }
}
