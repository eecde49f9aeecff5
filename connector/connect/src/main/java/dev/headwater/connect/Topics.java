package dev.headwater.connect;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;

/** Makes topics that keep everything, refuses those that do not, and knows how many partitions each has. */
final class Topics implements AutoCloseable {
    /** A topic that is changed under us is noticed within this time. */
    private static final long LOOK_AGAIN_NANOS = Duration.ofSeconds(30).toNanos();
    private static final Map<String, String> KEEPS_ALL = Map.of("cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "-1");
    private static final String MOST_BYTES = "max.message.bytes";
    /** A broker refuses records dated more than an hour ahead, unless the topic says otherwise: the time of an event is its own affair. */
    private static final String LATEST_AHEAD = "message.timestamp.after.max.ms";

    /** What a record takes beside its value: key, headers, framing. */
    private static final int AROUND = 64 * 1024;

    private final Admin admin;
    private final int partitions;
    private final short replication;
    private final boolean allHistory;
    private final int eventMostBytes;
    private final Map<String, Known> known = new HashMap<>();
    private final Set<String> beside = new HashSet<>();

    Topics(Settings settings) {
        Map<String, Object> config = settings.admin();
        config.putIfAbsent("request.timeout.ms", 5_000);
        config.putIfAbsent("default.api.timeout.ms", 10_000);
        config.putIfAbsent("client.id", "headwater-connector");
        admin = Admin.create(config);
        partitions = settings.getInt("partitions");
        replication = settings.getShort("replication");
        eventMostBytes = settings.getInt("event.max.bytes");
        allHistory = settings.getString("history").equals("all");
    }

    /**
     * What is known of an events topic, which is made when it is not there.
     *
     * @throws RetriableException while the cluster does not answer
     * @throws ConnectException when the topic would lose events
     */
    synchronized Known ensure(String topic) {
        Known before = known.get(topic);
        if (before != null && System.nanoTime() - before.at < LOOK_AGAIN_NANOS) return before;
        Map<String, String> fresh = new HashMap<>(KEEPS_ALL);
        fresh.put(LATEST_AHEAD, Long.toString(Long.MAX_VALUE));
        fresh.put(MOST_BYTES, Integer.toString(eventMostBytes + AROUND));
        TopicDescription found = ensure(topic, partitions, fresh);
        Config config = configOf(topic);
        if (allHistory) refuseForgetting(topic, config);
        ConfigEntry ahead = config.get(LATEST_AHEAD);
        int mostBytes = Integer.parseInt(config.get(MOST_BYTES).value());
        Known now = new Known(found.topicId().toString(), found.partitions().size(), ahead == null ? Long.MAX_VALUE : Long.parseLong(ahead.value()), mostBytes, System.nanoTime());
        known.put(topic, now);
        return now;
    }

    /** A topic for something other than events. */
    synchronized void ensureBeside(String topic, Map<String, String> config) {
        if (beside.contains(topic)) return;
        Map<String, String> fresh = new HashMap<>(config);
        fresh.put(MOST_BYTES, Integer.toString(eventMostBytes + AROUND));
        ensure(topic, 1, fresh);
        beside.add(topic);
    }

    /** Throws when the cluster cannot be reached. */
    void dial() {
        done(admin.describeCluster().clusterId());
    }

    private TopicDescription ensure(String topic, int wanted, Map<String, String> config) {
        Optional<TopicDescription> found = described(topic);
        if (found.isPresent()) return found.get();
        NewTopic fresh = new NewTopic(topic, Optional.of(wanted), replication < 0 ? Optional.empty() : Optional.of(replication));
        try {
            done(admin.createTopics(List.of(fresh.configs(config))).all());
        } catch (TopicExistsException madeByAnother) {
            // a task beside this one was quicker
        }
        return described(topic).orElseThrow(() -> new RetriableException("Topic " + topic + " was made but is not seen yet."));
    }

    private Optional<TopicDescription> described(String topic) {
        try {
            return Optional.of(done(admin.describeTopics(List.of(topic)).topicNameValues().get(topic)));
        } catch (UnknownTopicOrPartitionException notThere) {
            return Optional.empty();
        }
    }

    private Config configOf(String topic) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return done(admin.describeConfigs(List.of(resource)).values().get(resource));
    }

    private static void refuseForgetting(String topic, Config config) {
        for (Map.Entry<String, String> must : KEEPS_ALL.entrySet()) {
            String is = config.get(must.getKey()).value();
            if (!must.getValue().equals(is))
                throw new ConnectException("Topic " + topic + " has " + must.getKey() + "=" + is + ", so it would forget events. Set it to "
                        + must.getValue() + ", or say history=part if part of history is enough.");
        }
    }

    private static <T> T done(KafkaFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof org.apache.kafka.common.errors.RetriableException cause
                    && !(cause instanceof UnknownTopicOrPartitionException)) throw new RetriableException("Kafka does not answer: " + cause.getMessage(), cause);
            if (failed.getCause() instanceof RuntimeException cause) throw cause;
            throw new ConnectException(failed.getCause());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new RetriableException("Stopped while asking Kafka.", stopped);
        }
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(1));
    }

    /**
     * @param id another one when the topic is made again under its name
     * @param latestAheadMs how far after now the time of a record may lie
     * @param mostBytes of a record
     * @param at {@link System#nanoTime} of the look
     */
    record Known(String id, int partitions, long latestAheadMs, int mostBytes, long at) {
        /** The time a record is given: its event's, or the latest that the topic takes. */
        long timestamp(long eventTime, long now) {
            long latest = latestAheadMs > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + latestAheadMs;
            return Math.min(eventTime, latest);
        }
    }
}
