package dev.headwater.reader;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** Reads lines of the NDJSON face. Of an event only the envelope is read; {@code data} is skipped over, checked but unread. */
final class EventParser {
    // Numbers of any size pass: they are never converted. Nesting is bounded by Jackson's default (1,000).
    static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private EventParser() {}

    /** @throws FeedBroken when it is no JSON object */
    static Item parseLine(byte[] line) {
        Map<String, Object> attributes = new HashMap<>();
        try (JsonParser parser = JSON.createParser(line)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) throw broken(line, null);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                if (name.equals("range")) return RangeParser.parse(parser);
                attributes.put(name, scalar(parser));
            }
            if (parser.nextToken() != null) throw broken(line, null);
        } catch (IOException notJson) {
            throw broken(line, notJson);
        }
        return event(attributes, line);
    }

    /** Text and whole numbers that fit; of anything else only that it is well-formed is known. */
    static Object scalar(JsonParser parser) throws IOException {
        switch (parser.currentToken()) {
            case VALUE_STRING:
                return parser.getText();
            case VALUE_TRUE:
            case VALUE_FALSE:
                return parser.getBooleanValue();
            case VALUE_NUMBER_INT:
                return parser.getTextLength() <= 16 ? parser.getLongValue() : null;
            default:
                parser.skipChildren();
                return null;
        }
    }

    static Item event(Map<String, Object> attributes, byte[] json) {
        if (!(attributes.get("position") instanceof Long position) || position < 1)
            return new Unusable("no position: expected a whole number from 1 on", json);
        for (String name : new String[] {"id", "source", "type", "subject", "time", "recordedtime"}) {
            if (!(attributes.get(name) instanceof String text) || text.isEmpty())
                return new Unusable("no " + name + ": expected a text", json);
        }
        String stream = (String) attributes.get("subject");
        return new Event(
                position,
                attributes.get("previousposition") instanceof Long previous ? previous : -1,
                (String) attributes.get("id"),
                (String) attributes.get("source"),
                (String) attributes.get("type"),
                stream,
                (String) attributes.get("time"),
                (String) attributes.get("recordedtime"),
                attributes.get("traceparent") instanceof String trace ? trace : null,
                attributes.get("partitionkey") instanceof String key ? key : stream,
                json);
    }

    private static FeedBroken broken(byte[] line, Throwable cause) {
        String shown = Text.cut(new String(line, 0, Math.min(line.length, 400), java.nio.charset.StandardCharsets.UTF_8));
        return new FeedBroken("Expected a line with a JSON object, got: " + shown, cause);
    }
}
