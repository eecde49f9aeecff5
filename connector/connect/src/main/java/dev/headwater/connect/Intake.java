package dev.headwater.connect;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Chunks between the threads that read feeds and the one that Connect polls with; bounded in bytes, each chunk taken whole. */
final class Intake {
    private final int mostBytes;
    private final Deque<Chunk> waiting = new ArrayDeque<>();
    private int bytes;
    private boolean stopped;
    private RuntimeException failure;

    Intake(int mostBytes) {
        this.mostBytes = mostBytes;
    }

    /** Waits while there is no room; one chunk always fits. */
    synchronized void put(Chunk chunk) throws InterruptedException {
        while (!stopped && bytes > 0 && bytes + chunk.bytes() > mostBytes) wait();
        waiting.add(chunk);
        bytes += chunk.bytes();
        notifyAll();
    }

    /** Nothing more can come from a feed, for a reason that a person must see. */
    synchronized void fail(RuntimeException reason) {
        if (failure == null) failure = reason;
        notifyAll();
    }

    /**
     * All that waits, up to a bound after which no further chunk is taken; empty when nothing came in time.
     *
     * @throws RuntimeException the failure of a feed, once everything read before it was taken
     */
    synchronized List<Chunk> take(int events, int most, long withinMs) throws InterruptedException {
        long until = System.nanoTime() + withinMs * 1_000_000;
        for (long left = withinMs; waiting.isEmpty() && !stopped && failure == null && left > 0; left = (until - System.nanoTime()) / 1_000_000) wait(left);
        if (waiting.isEmpty() && failure != null && !stopped) throw failure;
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

    synchronized void stop() {
        stopped = true;
        notifyAll();
    }
}
