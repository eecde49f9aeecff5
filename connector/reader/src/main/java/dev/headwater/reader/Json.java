package dev.headwater.reader;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Small documents (links, problems, tokens) as maps, lists, texts, longs, booleans; other numbers as text. */
final class Json {
    private Json() {}

    static Map<?, ?> object(byte[] document) {
        try (JsonParser parser = EventParser.JSON.createParser(document)) {
            parser.nextToken();
            if (value(parser) instanceof Map<?, ?> map) return map;
        } catch (IOException notJson) {
            throw new FeedBroken("Expected a JSON object: " + notJson.getMessage(), notJson);
        }
        throw new FeedBroken("Expected a JSON object, got something else.");
    }

    /** What lies at a path of names, or null. */
    static Object at(Object document, String... path) {
        Object found = document;
        for (String name : path) found = found instanceof Map<?, ?> map ? map.get(name) : null;
        return found;
    }

    static String textAt(Object document, String... path) {
        return at(document, path) instanceof String text ? text : null;
    }

    static List<?> listAt(Object document, String... path) {
        return at(document, path) instanceof List<?> list ? list : Collections.emptyList();
    }

    private static Object value(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.START_OBJECT) {
            Map<String, Object> map = new LinkedHashMap<>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                map.put(name, value(parser));
            }
            return map;
        }
        if (token == JsonToken.START_ARRAY) {
            List<Object> list = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) list.add(value(parser));
            return list;
        }
        if (token == JsonToken.VALUE_NUMBER_FLOAT) return parser.getText();
        return token == null ? null : EventParser.scalar(parser);
    }
}
