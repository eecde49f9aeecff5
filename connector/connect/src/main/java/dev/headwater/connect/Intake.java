package dev.headwater.connect;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.connect.errors.ConnectException;

/** Chunks between the threads that read feeds and the one that Connect polls with; bounded in bytes, each chunk taken whole. */
final class Intake {
    private final int mostBytes;
    private final Deque<Chunk> waiting = new ArrayDeque<>();
    private int bytes;
    private boolean stopped;
    private RuntimeException failure;
    private int lanes;
    private final Map<FeedLane, RuntimeException> stuck = new LinkedHashMap<>();

    /** @param lanes that will put chunks here */
    Intake(int mostBytes, int lanes) {
        this.mostBytes = mostBytes;
        this.lanes = lanes;
    }

    /** Waits while there is no room; one chunk always fits. */
    synchronized void put(Chunk chunk) throws InterruptedException {
        while (!stopped && bytes > 0 && bytes + chunk.bytes() > mostBytes) wait();
        waiting.add(chunk);
        stuck.remove(chunk.lane());
        bytes += chunk.bytes();
        notifyAll();
    }

    /** Nothing comes from a feed for now, for a reason that a person must see; the others go on. */
    synchronized void stuck(FeedLane lane, RuntimeException reason) {
        stuck.put(lane, reason);
        notifyAll();
    }

    /** Feeds that nothing comes from, and why. */
    synchronized Map<FeedLane, RuntimeException> stuck() {
        return new LinkedHashMap<>(stuck);
    }

    /** A feed has come to its end, and that is well. */
    synchronized void ended() {
        lanes--;
        notifyAll();
    }

    /** Nothing more may come from any feed. */
    synchronized void fail(RuntimeException reason) {
        if (failure == null) failure = reason;
        notifyAll();
    }

    /**
     * All that waits, up to a bound after which no further chunk is taken; empty when nothing came in time.
     *
     * @throws RuntimeException when nothing comes from any feed, once everything read before was taken
     */
    synchronized List<Chunk> take(int events, int most, long withinMs) throws InterruptedException {
        long until = System.nanoTime() + withinMs * 1_000_000;
        for (long left = withinMs; waiting.isEmpty() && !stopped && failure() == null && left > 0; left = (until - System.nanoTime()) / 1_000_000) wait(left);
        if (waiting.isEmpty() && failure() != null && !stopped) throw failure();
        List<Chunk> taken = new ArrayList<>();
        int size = 0;
        int count = 0;
        while (!waiting.isEmpty() && (taken.isEmpty() || (count < events && size < most))) {
            Chunk chunk = waiting.poll();
            taken.add(chunk);
            size += chunk.bytes();
            count += chunk.items().size();
        }
        bytes -= size;
        notifyAll();
        return taken;
    }

    private RuntimeException failure() {
        if (failure != null || stuck.isEmpty() || stuck.size() < lanes) return failure;
        RuntimeException first = stuck.values().iterator().next();
        if (stuck.size() == 1) return first;
        return new ConnectException(stuck.values().stream().map(Throwable::getMessage).collect(Collectors.joining("\n")), first);
    }

    synchronized void stop() {
        stopped = true;
        notifyAll();
    }
}
