package dev.headwater.connect;

import dev.headwater.reader.Place;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Which feeds each task reads: every feed in exactly one task. Travels in the task's configuration. */
final class Share {
    private static final String FEEDS = "task.feeds";
    private static final String GENERATION = "task.generation";

    private Share() {}

    /** @param generation another one makes Connect start all tasks anew */
    static List<Map<String, String>> split(Map<String, String> settings, Iterable<Place> places, int maxTasks, long generation) {
        TreeSet<Place> ordered = new TreeSet<>(Comparator.comparing(Place::service));
        places.forEach(ordered::add);
        List<StringBuilder> shares = new ArrayList<>();
        int next = 0;
        for (Place place : ordered) {
            if (shares.size() < maxTasks) shares.add(new StringBuilder());
            shares.get(next++ % maxTasks).append(place.service()).append(' ').append(place.at()).append('\n');
        }
        List<Map<String, String>> configs = new ArrayList<>();
        for (StringBuilder share : shares) {
            Map<String, String> config = new HashMap<>(settings);
            config.put(FEEDS, share.toString());
            config.put(GENERATION, Long.toString(generation));
            configs.add(config);
        }
        return configs;
    }

    static List<Place> read(Map<String, String> config) {
        List<Place> places = new ArrayList<>();
        for (String line : config.getOrDefault(FEEDS, "").split("\n")) {
            int space = line.indexOf(' ');
            if (space > 0) places.add(new Place(line.substring(0, space), URI.create(line.substring(space + 1))));
        }
        return places;
    }
}
