package dev.headwater.reader;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** The object of a range line, and the same members at the top of a page. */
final class RangeParser {
    private RangeParser() {}

    static Range parse(JsonParser parser) throws IOException {
        Map<String, Object> members = new HashMap<>();
        if (parser.currentToken() != JsonToken.START_OBJECT) throw new FeedBroken("Expected a range to be an object.");
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            members.put(name, EventParser.scalar(parser));
        }
        return of(members);
    }

    static Range of(Map<String, Object> members) {
        if (members.get("log") instanceof String log
                && members.get("from") instanceof Long from
                && members.get("to") instanceof Long to
                && members.get("cursor") instanceof String cursor
                && members.get("atEnd") instanceof Boolean atEnd) {
            long count = members.get("count") instanceof Long counted ? counted : -1;
            Range range = new Range(log, from, to, count, Cursor.parse(cursor), atEnd);
            if (to >= from - 1 && range.cursor().position() == to) return range;
        }
        throw new FeedBroken("Expected a range with log, from, to, cursor and atEnd that agree, got: " + Text.cut(members.toString()));
    }
}
