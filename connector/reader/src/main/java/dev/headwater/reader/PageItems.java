package dev.headwater.reader;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** The JSON face: a page, read whole, members in any order; each event is a slice of the page's own bytes. */
final class PageItems implements Items {
    private final Deque<Item> items;

    private PageItems(Deque<Item> items) {
        this.items = items;
    }

    /** @throws FeedBroken when it is no page */
    static PageItems parse(byte[] page) {
        Deque<Item> items = new ArrayDeque<>();
        Map<String, Object> members = new HashMap<>();
        boolean hasEvents = false;
        try (JsonParser parser = EventParser.JSON.createParser(page)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) throw new FeedBroken("Expected a page to be a JSON object.");
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (name.equals("events") && value == JsonToken.START_ARRAY) {
                    hasEvents = true;
                    while (parser.nextToken() != JsonToken.END_ARRAY) items.add(element(parser, page));
                } else {
                    members.put(name, EventParser.scalar(parser));
                }
            }
            if (parser.nextToken() != null) throw new FeedBroken("Expected nothing after a page.");
        } catch (IOException notJson) {
            throw new FeedBroken("Expected a page in JSON: " + notJson.getMessage(), notJson);
        }
        if (!hasEvents) throw new FeedBroken("Expected a page with events, got: " + Text.cut(members.toString()));
        items.add(RangeParser.of(members));
        return new PageItems(items);
    }

    private static Item element(JsonParser parser, byte[] page) throws IOException {
        int start = (int) parser.currentTokenLocation().getByteOffset();
        if (parser.currentToken() != JsonToken.START_OBJECT) throw new FeedBroken("Expected each event to be an object.");
        Map<String, Object> attributes = new HashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            attributes.put(name, EventParser.scalar(parser));
        }
        int end = (int) parser.currentTokenLocation().getByteOffset() + 1;
        return EventParser.event(attributes, Arrays.copyOfRange(page, start, end));
    }

    @Override
    public Item next() {
        return items.poll();
    }

    @Override
    public void close() {
        items.clear();
    }
}
