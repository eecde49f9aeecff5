package dev.headwater.reader;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads one feed from a cursor on, proving that nothing was skipped: ranges join, positions rise, counts agree, each event names the
 * one before it. One thread reads; another may {@link #close}.
 */
public final class FeedReader implements AutoCloseable {
    private static final String ACCEPT = "application/x-ndjson, application/hal+json;q=0.5";
    private static final int MOST_RANGE_BYTES = 64 * 1024 * 1024;
    private static final int MOST_PAGE_BYTES = 64 * 1024 * 1024;

    private final Http http;
    private final URI feed;
    private final String query;
    private final int waitSeconds;
    private final int maxEventBytes;

    private Cursor cursor;
    /** Position of the last event shown; -1 while that is not known. */
    private long lastShown;
    private long shownSinceRange;
    /** Position that the ranges of this answer cover. */
    private long covered;
    private boolean atEnd;
    private boolean afterRange = true;
    private volatile Items answer;
    private volatile boolean closed;

    /**
     * @param types event types to read; empty for all
     * @param waitSeconds how long the server is asked to wait at the end
     * @param maxEventBytes of the longest event taken
     */
    public FeedReader(Http http, URI feed, List<String> types, Cursor after, int waitSeconds, int maxEventBytes) {
        this.http = http;
        this.feed = feed;
        this.waitSeconds = waitSeconds;
        this.maxEventBytes = maxEventBytes;
        this.cursor = after;
        this.lastShown = after.position() == 0 ? 0 : -1;
        this.query = types.isEmpty() ? "" : "&type=" + encoded(String.join(",", types));
    }

    /** Where reading goes on after what was given so far. */
    public Cursor cursor() {
        return cursor;
    }

    /**
     * The next item, asking for more when the last answer is used up; null when an answer ended, so that the caller may look up.
     *
     * @throws FeedFailure after which the next call asks again from the cursor
     */
    public Item next() {
        boolean done = false;
        try {
            if (answer == null) open();
            Item item = answer.next();
            if (item == null && !afterRange) throw new FeedUnavailable("An answer of " + feed + " ended without a range.", Duration.ZERO);
            if (item instanceof Event event) take(event);
            else if (item instanceof Range range) take(range);
            else if (item != null) shown();
            done = item != null;
            return item;
        } finally {
            if (!done) drop();
        }
    }

    /**
     * The next range, whole, with all that it shows; null when an answer ended between two.
     *
     * @throws FeedFailure after which the next call asks again from the end of the last range given
     */
    public Covered nextRange() {
        Cursor before = cursor;
        long shownBefore = lastShown;
        List<Item> items = new ArrayList<>();
        int bytes = 0;
        try {
            for (Item item = next(); item != null; item = next()) {
                if (item instanceof Range range) return new Covered(items, range, bytes);
                items.add(item);
                bytes += item instanceof Event event ? event.json().length : ((Unusable) item).json().length;
                if (bytes > MOST_RANGE_BYTES) throw new FeedBroken("No range line within " + MOST_RANGE_BYTES + " bytes of " + feed + ".");
            }
            return null;
        } catch (FeedFailure failure) {
            drop();
            cursor = before;
            lastShown = shownBefore;
            throw failure;
        }
    }

    private void open() {
        // Only at the end is there something to wait for; before it, an answer that does not come is a fault to be seen soon.
        int wait = atEnd ? waitSeconds : 0;
        URI uri = asking("after=" + encoded(cursor.toString()) + "&wait=" + wait + query);
        covered = cursor.position();
        shownSinceRange = 0;
        afterRange = false;
        Answer opened = http.get(uri, ACCEPT, Duration.ofSeconds(wait));
        answer = itemsOf(opened);
        if (closed) answer.close();
    }

    private Items itemsOf(Answer opened) {
        String type = opened.mediaType();
        if (type.equals("application/x-ndjson")) return new LineItems(opened.body(), maxEventBytes);
        try (opened) {
            if (type.equals("application/hal+json") || type.equals("application/json"))
                return PageItems.parse(opened.bytes(MOST_PAGE_BYTES));
        }
        throw new FeedBroken(feed + " answered " + (type.isEmpty() ? "without a content type" : type) + ", expected application/x-ndjson or application/hal+json.");
    }

    private void take(Event event) {
        if (event.position() <= cursor.position())
            throw new FeedBroken("Expected an event after position " + cursor.position() + " of " + feed + ", got " + event.position() + ".");
        long previous = event.previousPosition();
        boolean gap = lastShown >= 0 ? previous != lastShown : previous > cursor.position();
        if (previous >= 0 && gap)
            throw new FeedBroken("Event " + event.position() + " of " + feed + " follows " + previous + ", but the last one seen is "
                    + (lastShown >= 0 ? lastShown : cursor.position()) + ": something is missing.");
        cursor = event.cursor();
        if (previous >= 0) lastShown = event.position();
        shown();
    }

    private void shown() {
        shownSinceRange++;
        afterRange = false;
    }

    private void take(Range range) {
        if (range.from() != covered + 1)
            throw new FeedBroken("Expected a range of " + feed + " from " + (covered + 1) + ", got one from " + range.from() + ".");
        if (range.to() < cursor.position())
            throw new FeedBroken("A range of " + feed + " ends at " + range.to() + ", before its event " + cursor.position() + ".");
        if (range.count() >= 0 && range.count() != shownSinceRange)
            throw new FeedBroken("A range of " + feed + " counts " + range.count() + " events, but shows " + shownSinceRange + ".");
        covered = range.to();
        cursor = range.cursor();
        shownSinceRange = 0;
        atEnd = range.atEnd();
        afterRange = true;
    }

    /** The cursor of the last event recorded before a time (RFC 3339). */
    public Cursor cursorBefore(String time) {
        return cursorOnly("after=start&since=" + encoded(time));
    }

    /** The cursor of the end, as of now. */
    public Cursor end() {
        return cursorOnly("after=end" + query);
    }

    private Cursor cursorOnly(String parameters) {
        try (Answer found = http.get(asking("limit=0&" + parameters), "application/hal+json", Duration.ZERO)) {
            if (itemsOf(found).next() instanceof Range range) return range.cursor();
        }
        throw new FeedBroken("Expected " + feed + " to answer a page without events to limit=0.");
    }

    /** The names the log has had: every feed says them to whoever asks with a cursor that no log has. */
    public Lineage lineage() {
        try (Answer accepted = http.get(asking("limit=0&after=" + encoded("1.?")), "application/hal+json", Duration.ZERO)) {
            throw new FeedBroken("Expected " + feed + " to refuse the cursor 1.?, which is of no log, got " + accepted.status() + ".");
        } catch (FeedForked forked) {
            return forked.lineage();
        }
    }

    /** The cursor of an event, by its id. */
    public Cursor cursorOf(String eventId) {
        URI uri = asking("limit=0&lastEventId=" + encoded(eventId));
        try (Answer found = http.get(uri, "application/cloudevents-batch+json", Duration.ZERO)) {
            return Cursor.parse(found.header("Headwater-Cursor"));
        }
    }

    private URI asking(String parameters) {
        return URI.create(feed + (feed.getRawQuery() == null ? "?" : "&") + parameters);
    }

    private void drop() {
        Items open = answer;
        answer = null;
        if (open != null) open.close();
        // Events handed on before their range line count: reading goes on from the last of them.
        afterRange = true;
    }

    @Override
    public void close() {
        closed = true;
        Items open = answer;
        if (open != null) open.close();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
