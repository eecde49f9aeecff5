package dev.headwater.connect;

import dev.headwater.reader.BackOff;
import dev.headwater.reader.Discovery;
import dev.headwater.reader.FeedBroken;
import dev.headwater.reader.FeedFailure;
import dev.headwater.reader.FeedRefused;
import dev.headwater.reader.FeedUnavailable;
import dev.headwater.reader.Http;
import dev.headwater.reader.Pause;
import dev.headwater.reader.Place;
import dev.headwater.reader.Traffic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the entry document again and again: for services that came, moved or went, and for tasks that are dead though their feed
 * is well (they failed for a reason mended since), which are started anew.
 */
final class Watcher implements Runnable, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Watcher.class);
    private static final int HEARTBEATS_MISSED = 3;
    private static final Duration LONGEST_BETWEEN_STARTS = Duration.ofMinutes(10);

    private final Settings settings;
    private final Http http;
    private final Discovery discovery;
    private final Runnable changed;
    private final Function<String, Map<String, ?>> offsets;
    private final Pause pause = new Pause();
    private final Thread thread = new Thread(this, "headwater-discovery");
    private final Map<String, Place> places = new TreeMap<>();
    /** Not listed when the entry was last read. */
    private Set<String> missed = Set.of();
    /** Connect has not yet been told of the last change. */
    private boolean untold;
    private final Duration silence;
    private long generation;
    private long startedAnewAt = System.nanoTime();
    private Duration betweenStarts;

    /**
     * @param changed called when tasks must be made anew
     * @param offsets service → offset as kept
     */
    Watcher(Settings settings, Runnable changed, Function<String, Map<String, ?>> offsets) {
        this.settings = settings;
        this.changed = changed;
        this.offsets = offsets;
        this.http = settings.http(Traffic.UNSEEN);
        this.discovery = new Discovery(http);
        Duration beat = Duration.ofSeconds(settings.getInt("wait.seconds")).plus(settings.duration("heartbeat.interval.ms"));
        this.silence = beat.multipliedBy(HEARTBEATS_MISSED);
        this.betweenStarts = silence;
        thread.setDaemon(true);
    }

    /** Looks once, then again and again. @throws FeedRefused when looking again will not help */
    void start() {
        try {
            look();
        } catch (FeedUnavailable | FeedBroken later) {
            log.warn("The entry {} cannot be read yet: {}", settings.entry(), later.getMessage());
        }
        thread.start();
    }

    synchronized List<Place> places() {
        return new ArrayList<>(places.values());
    }

    synchronized long generation() {
        return generation;
    }

    @Override
    public void run() {
        Duration interval = settings.duration("discovery.interval.ms");
        BackOff backOff = new BackOff(RandomGenerator.getDefault());
        Duration wait = interval;
        try {
            while (pause.sleep(wait)) {
                try {
                    untold |= look() || reviveDead();
                    if (untold) changed.run();
                    untold = false;
                    backOff.succeeded();
                    wait = interval;
                } catch (RuntimeException trouble) {
                    // Whatever it was: without this thread nobody would notice a service that came or moved.
                    wait = backOff.failed(interval);
                    if (!pause.isStopped()) report(trouble, wait);
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void report(RuntimeException trouble, Duration wait) {
        if (trouble instanceof FeedFailure failure) log.warn("The entry {} cannot be read, next look in {} ms: {}", settings.entry(), wait.toMillis(), failure.getMessage());
        else log.error("Looking for services at {} failed, next look in {} ms.", settings.entry(), wait.toMillis(), trouble);
    }

    /** @return whether the places are others than before */
    private boolean look() {
        Map<String, Place> found = new TreeMap<>();
        for (Place place : discovery.services(settings.entry())) {
            if (settings.wants(place.service()) && mayHaveFeed(place)) found.put(place.service(), place);
        }
        return replace(found);
    }

    private synchronized boolean replace(Map<String, Place> found) {
        // A landscape that starts lists its services one after the other: one counts as gone when it is missing twice in a row.
        Set<String> missing = new HashSet<>(places.keySet());
        missing.removeAll(found.keySet());
        for (String service : missing) if (!missed.contains(service)) found.put(service, places.get(service));
        missed = missing;
        if (found.equals(places)) return false;
        log.info("Feeds to read: {} (before: {})", found.values(), places.values());
        places.clear();
        places.putAll(found);
        return true;
    }

    /** A service that does not answer keeps what is known of it; a new one counts when it does. */
    private boolean mayHaveFeed(Place place) {
        try {
            return discovery.feed(place).isPresent();
        } catch (FeedUnavailable | FeedBroken | FeedRefused unknown) {
            log.warn("Service {} at {} does not show its feed: {}", place.service(), place.at(), unknown.getMessage());
            return knows(place.service());
        }
    }

    private synchronized boolean knows(String service) {
        return places.containsKey(service);
    }

    private boolean reviveDead() {
        if (System.nanoTime() - startedAnewAt < betweenStarts.toNanos()) return false;
        Collection<Place> silent = places().stream().filter(place -> isSilent(place.service())).toList();
        if (silent.isEmpty()) {
            betweenStarts = silence;
            return false;
        }
        if (silent.stream().noneMatch(place -> Dial.feed(settings, http, place).isEmpty())) return false;
        log.warn("No sign of life from the tasks of {}, though their feeds answer: starting all tasks anew.", silent);
        synchronized (this) {
            generation++;
        }
        startedAnewAt = System.nanoTime();
        Duration longer = betweenStarts.multipliedBy(2);
        betweenStarts = longer.compareTo(LONGEST_BETWEEN_STARTS) > 0 ? LONGEST_BETWEEN_STARTS : longer;
        return true;
    }

    private boolean isSilent(String service) {
        return System.currentTimeMillis() - FeedOffset.writtenAt(offsets.apply(service)) > silence.toMillis();
    }

    @Override
    public void close() {
        pause.stop();
        http.close();
        thread.interrupt();
    }
}
