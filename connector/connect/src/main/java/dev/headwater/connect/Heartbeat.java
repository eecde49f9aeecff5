package dev.headwater.connect;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.headwater.reader.Cursor;
import dev.headwater.reader.Lineage;
import dev.headwater.reader.Range;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Says that a topic holds all of a feed up to the end of a range, and which names the log has had.
 *
 * @param topicId empty where each category of streams has a topic of its own
 * @param types all that are read; empty when none is left out
 * @param at milliseconds since 1970
 */
record Heartbeat(String topic, String topicId, String service, List<String> types, Range range, Lineage lineage, long at) {
    private static final JsonFactory JSON = new JsonFactory();

    /** Names no topic, so that it proves nothing of one. */
    static byte[] stuck(String service, String reason, long at) {
        return written(json -> {
            json.writeStringField("service", service);
            json.writeStringField("feed", "published");
            json.writeStringField("stuck", reason);
            json.writeStringField("time", Instant.ofEpochMilli(at).toString());
        });
    }

    byte[] json() {
        return written(json -> {
            json.writeStringField("topic", topic);
            if (!topicId.isEmpty()) json.writeStringField("topicId", topicId);
            json.writeStringField("service", service);
            json.writeStringField("feed", "published");
            if (!types.isEmpty()) {
                json.writeArrayFieldStart("types");
                for (String type : types) json.writeString(type);
                json.writeEndArray();
            }
            json.writeStringField("log", range.log());
            lineageOn(json);
            json.writeStringField("cursor", range.cursor().toString());
            json.writeNumberField("position", range.to());
            json.writeBooleanField("atEnd", range.atEnd());
            json.writeStringField("time", Instant.ofEpochMilli(at).toString());
        });
    }

    private interface Members {
        void on(JsonGenerator json) throws IOException;
    }

    private static byte[] written(Members members) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            members.on(json);
            json.writeEndObject();
        } catch (IOException neverInMemory) {
            throw new UncheckedIOException(neverInMemory);
        }
        return bytes.toByteArray();
    }

    /** As the feed says it to whoever is beyond a fork. */
    private void lineageOn(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("lineage");
        json.writeStartObject();
        json.writeStringField("log", lineage.log());
        json.writeEndObject();
        for (Map.Entry<String, Cursor> former : lineage.shared().entrySet()) {
            json.writeStartObject();
            json.writeStringField("log", former.getKey());
            json.writeStringField("cursor", former.getValue().toString());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
