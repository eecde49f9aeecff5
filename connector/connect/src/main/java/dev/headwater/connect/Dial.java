package dev.headwater.connect;

import dev.headwater.reader.Cursor;
import dev.headwater.reader.Discovery;
import dev.headwater.reader.FeedFailure;
import dev.headwater.reader.FeedReader;
import dev.headwater.reader.Http;
import dev.headwater.reader.Place;
import dev.headwater.reader.Traffic;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;

/** Tries whether what the operator wrote leads anywhere. Answers what is wrong, or nothing. */
final class Dial {
    private Dial() {}

    static Optional<String> entry(Settings settings) {
        try (Http http = settings.http(Traffic.UNSEEN)) {
            List<Place> places = new Discovery(http).services(settings.entry());
            for (Place place : places) {
                if (!settings.wants(place.service())) continue;
                Optional<String> wrong = feed(settings, http, place);
                if (wrong.isPresent()) return wrong;
            }
            return Optional.empty();
        } catch (FeedFailure failure) {
            return Optional.of(failure.getMessage());
        }
    }

    /** A service without a feed is no fault. */
    static Optional<String> feed(Settings settings, Http http, Place place) {
        try {
            Optional<URI> feed = new Discovery(http).feed(place);
            if (feed.isEmpty()) return Optional.empty();
            try (FeedReader reader = new FeedReader(http, feed.get(), settings.getList("types"), Cursor.START, 1, 1024 * 1024)) {
                reader.end();
            }
            return Optional.empty();
        } catch (FeedFailure failure) {
            return Optional.of(failure.getMessage());
        }
    }

    static Optional<String> kafka(Settings settings) {
        try (Topics topics = new Topics(settings)) {
            topics.dial();
            return Optional.empty();
        } catch (KafkaException failure) {
            Throwable cause = failure.getCause();
            return Optional.of(failure.getMessage() + (cause == null ? "" : ": " + cause.getMessage()));
        }
    }
}
