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
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
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
    private final Function<String, Topics.Known> topicOf;
    private final int stuckSeconds;
    private final int mostBytes;
    private final boolean allHistory;
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

    /**
     * @param kept offset as Connect keeps it; null when the feed was never read
     * @param topicOf name → what is known of the topic; makes it when it is not there
     */
    FeedLane(Settings settings, Place place, Map<String, ?> kept, Function<String, Topics.Known> topicOf, Intake intake) {
        this.settings = settings;
        this.place = place;
        this.kept = kept;
        this.topicOf = topicOf;
        this.stuckSeconds = settings.getInt("wait.seconds");
        this.mostBytes = settings.getInt("event.max.bytes");
        this.allHistory = settings.getString("history").equals("all");
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

    /** Where reading began, as Connect keeps it. */
    Map<String, ?> kept() {
        return kept == null ? FeedOffset.BEGINNING : kept;
    }

    @Override
    public void run() {
        try {
            while (!pause.isStopped() && goOn()) continue;
            if (!pause.isStopped()) intake.ended();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** A failure that trying again at once does not mend is seen to, by a person; what they did is noticed by trying seldom. */
    private boolean goOn() throws InterruptedException {
        try {
            return step();
        } catch (RuntimeException permanent) {
            if (pause.isStopped()) return false;
            drop();
            brokenInARow = 0;
            refusedInARow = 0;
            vitals.stuck = 1;
            ConnectException reason = new ConnectException("Feed of " + service() + ": " + permanent.getMessage(), permanent);
            log.error("Stuck at position {}, next try in {} s. {}", vitals.position, stuckSeconds, reason.getMessage());
            intake.stuck(this, reason);
            pause.sleep(Duration.ofSeconds(stuckSeconds));
            return true;
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
        // What is too large is still read, so that it can be named.
        int readable = Math.max(16 * 1024 * 1024, mostBytes);
        return new FeedReader(http, feed, settings.getList("types"), after, settings.getInt("wait.seconds"), readable);
    }

    private FeedOffset resolve(URI feed) {
        if (kept == null) return FeedOffset.from(Cursor.START);
        if (!FeedOffset.isSymbolic(kept)) return FeedOffset.of(kept);
        try (FeedReader asking = reading(feed, Cursor.START)) {
            if (kept.get("time") instanceof String time) return FeedOffset.from(asking.cursorBefore(time));
            if (kept.get("event") instanceof String id) return FeedOffset.from(asking.cursorOf(id));
            return FeedOffset.from(Cursor.START);
        }
    }

    private void readAnswer() throws InterruptedException {
        for (Covered next = reader.nextRange(); next != null; next = reader.nextRange()) {
            give(next);
            succeeded();
        }
    }

    private void give(Covered covered) throws InterruptedException {
        List<Item> items = covered.items();
        Range range = covered.range();
        Map<String, Topics.Known> topics = topicsFor(items);
        for (int i = items.size() - 1; i >= 0; i--) {
            if (!(items.get(i) instanceof Event event)) continue;
            behindSincePending = Instant.parse(event.recordedTime()).toEpochMilli();
            break;
        }
        intake.put(new Chunk(this, covered, lineageOf(range), topics));
        offset = offset.over(topics.values(), settings.byCategory()).to(range.log(), range.cursor());
        vitals.position = range.to();
        vitals.behindSince = range.atEnd() ? 0 : behindSincePending;
        if (range.atEnd()) vitals.end = range.to();
        else if (System.nanoTime() - endAskedAt > END_EVERY_NANOS) lookAtEnd();
    }

    /** Judged before anything of a range is handed on: what a topic does not take stops this feed, no other. */
    private Map<String, Topics.Known> topicsFor(List<Item> items) {
        Map<String, Topics.Known> topics = new HashMap<>();
        // Also before its first event: whoever reads the topic finds it, and sees by the heartbeat that nothing is in it yet.
        if (!settings.byCategory()) topics.computeIfAbsent(settings.topicOf(service(), ""), this::topic);
        for (Item item : items) {
            if (!(item instanceof Event event)) continue;
            String name = settings.topicOf(service(), event.stream());
            requireFits(event, name, topics.computeIfAbsent(name, this::topic));
        }
        return topics;
    }

    private Topics.Known topic(String name) {
        Topics.Known known = topicOf.apply(name);
        if (offset.partitions() != 0 && offset.partitions() != known.partitions())
            throw new ConnectException("Topic " + name + " has " + known.partitions() + " partitions, but the feed of " + service() + " was written over " + offset.partitions()
                    + ": keys would change partition and lose their order. Write to a new topic from the beginning; consumers keep their checkpoints.");
        if (allHistory && !offset.topicId().isEmpty() && !offset.topicId().equals(known.id()))
            throw new ConnectException("Topic " + name + " is not the one that the feed of " + service() + " was written to up to position " + offset.cursor().position()
                    + " (its id is " + known.id() + ", not " + offset.topicId() + "): it was deleted and made again, or the setting topic was changed, and what was written before is not in it."
                    + " Have it written from the beginning: stop the connector, set the offset {\"position\":\"beginning\"}, resume it; or say history=part if part of history is enough.");
        return known;
    }

    private void requireFits(Event event, String topic, Topics.Known known) {
        int length = event.json().length;
        if (length <= mostBytes && length <= known.mostBytes()) return;
        throw new ConnectException("The event at position " + event.position() + " has " + length + " bytes, but event.max.bytes is " + mostBytes + " and topic " + topic
                + " takes records of " + known.mostBytes() + " (max.message.bytes). Raise what is too small, and the worker's producer.max.request.size with it; nothing passes the event over.");
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
        vitals.stuck = 0;
    }

    private void retry(RuntimeException reason, Duration atLeast) throws InterruptedException {
        // A chunk begun is read again from its start: only whole ranges are given.
        drop();
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
        offset = offset.to(forked.lineage().log(), shared);
        drop();
    }

    private void drop() {
        if (reader != null) reader.close();
        reader = null;
    }
}
