package dev.headwater.reader;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds feeds by link relation: entry document → service home → feed. Each is told by what it is, so any of them may be given. */
public final class Discovery {
    private static final int MOST_BYTES = 4 * 1024 * 1024;
    private final Http http;

    public Discovery(Http http) {
        this.http = http;
    }

    /** The services of an entry document, or the one service whose home or feed was given. */
    public List<Place> services(URI entry) {
        Document found = get(entry);
        if (Json.at(found.json, "_links", "service") != null) return listed(found);
        URI feed = feedOf(found)
                .orElseThrow(() -> new FeedBroken(entry + " is no entry document, service home or feed: expected _links.service, _links.events, or a page."));
        String service = Json.textAt(get(URI.create(feed + (feed.getQuery() == null ? "?" : "&") + "limit=0")).json, "service");
        if (service == null) throw new FeedBroken("Expected " + feed + " to name its service.");
        return List.of(new Place(service, found.uri));
    }

    /** The feed of a service; empty when it publishes none. */
    public Optional<URI> feed(Place place) {
        return feedOf(get(place.at()));
    }

    private static Optional<URI> feedOf(Document found) {
        String href = Json.textAt(found.json, "_links", "events", "href");
        if (href != null) return Optional.of(Http.resolve(found.uri, href));
        boolean isFeed = Json.at(found.json, "log") instanceof String && Json.at(found.json, "from") instanceof Long;
        return isFeed ? Optional.of(found.uri) : Optional.empty();
    }

    private static List<Place> listed(Document entry) {
        List<Place> places = new ArrayList<>();
        Object links = Json.at(entry.json, "_links", "service");
        for (Object link : links instanceof List<?> list ? list : List.of(links)) {
            String name = Json.textAt(link, "name");
            String href = Json.textAt(link, "href");
            if (name == null || href == null) throw new FeedBroken("Expected each service of " + entry.uri + " to have name and href.");
            places.add(new Place(name, Http.resolve(entry.uri, href)));
        }
        return places;
    }

    private Document get(URI uri) {
        try (Answer answer = http.get(uri, "application/hal+json, application/json;q=0.9", Duration.ZERO)) {
            if (!answer.mediaType().endsWith("json"))
                throw new FeedBroken(uri + " answered " + answer.mediaType() + ", expected application/hal+json.");
            return new Document(answer.uri(), Json.object(answer.bytes(MOST_BYTES)));
        }
    }

    private record Document(URI uri, Map<?, ?> json) {}
}
