package dev.headwater.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SlotTest {
    @Test
    void agrees_with_the_vectors_of_the_format() throws Exception {
        List<?> vectors = Json.listAt(Json.object(Files.readAllBytes(Path.of("../../spec/cases/slots.json"))), "cases");
        assertFalse(vectors.isEmpty());
        for (Object vector : vectors) {
            String key = (String) ((Map<?, ?>) vector).get("key");
            assertEquals(((Map<?, ?>) vector).get("slot"), (long) Slot.of(key), key);
        }
    }
}
