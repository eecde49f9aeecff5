package dev.headwater.connect;

import dev.headwater.reader.Pause;
import dev.headwater.reader.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads its share of the feeds; what one poll gives is one transaction, of whole ranges. */
public final class FeedTask extends SourceTask {
    /** A poll that finds nothing returns, so that Connect can stop or pause the task. */
    private static final long POLL_MS = 500;

    private static final Duration RETRY = Duration.ofMillis(500);
    private static final Logger log = LoggerFactory.getLogger(FeedTask.class);

    private final Pause pause = new Pause();
    private final List<FeedLane> lanes = new ArrayList<>();
    private Settings settings;
    private volatile Intake intake;
    private Topics topics;
    private Records records;
    private List<Chunk> taken = List.of();

    @Override
    public String version() {
        return FeedConnector.VERSION;
    }

    @Override
    public void start(Map<String, String> given) {
        settings = new Settings(given);
        topics = new Topics(settings);
        List<Place> places = Share.read(given);
        intake = new Intake(settings.getInt("buffer.bytes"), places.size());
        Map<String, FeedOffset> kept = new HashMap<>();
        for (Place place : places) {
            Map<String, Object> offset = context.offsetStorageReader().offset(FeedOffset.partition(place.service()));
            if (offset != null && !FeedOffset.isSymbolic(offset)) kept.put(place.service(), FeedOffset.of(offset));
            lanes.add(new FeedLane(settings, place, offset, topics::ensure, intake));
        }
        records = new Records(settings, kept);
        for (FeedLane lane : lanes) {
            lane.vitals.register(context.pluginMetrics(), lane.service());
            lane.start();
        }
    }

    @Override
    public List<SourceRecord> poll() throws InterruptedException {
        if (taken.isEmpty()) taken = intake.take(settings.getInt("batch.events"), settings.getInt("batch.bytes"), POLL_MS);
        List<SourceRecord> batch;
        try {
            topics.ensureBeside(settings.getString("heartbeat.topic"), Map.of("cleanup.policy", "compact"));
            topics.ensureBeside(settings.getString("quarantine.topic"), Map.of("cleanup.policy", "delete", "retention.ms", "-1"));
            batch = records.of(taken);
            batch.addAll(records.of(intake.stuck()));
        } catch (RetriableException kafka) {
            // What was taken is kept for the next poll. Connect would poll again at once.
            log.warn("Waiting for Kafka: {}", kafka.getMessage());
            pause.sleep(RETRY);
            return null;
        }
        taken = List.of();
        if (batch.isEmpty()) return null;
        if (context.transactionContext() != null) context.transactionContext().commitTransaction();
        return batch;
    }

    /** Sees a converter that does not write bytes as they are: nothing else tells a plug-in which one the worker uses. */
    @Override
    public void commitRecord(SourceRecord record, RecordMetadata metadata) {
        if (metadata == null || !(record.value() instanceof byte[] value) || metadata.serializedValueSize() == value.length) return;
        intake.fail(new ConnectException("The worker's converter changed the bytes of an event. Set key.converter and value.converter of this connector to org.apache.kafka.connect.converters.ByteArrayConverter."));
    }

    @Override
    public void stop() {
        pause.stop();
        if (intake != null) intake.stop();
        lanes.forEach(FeedLane::stop);
        if (topics != null) topics.close();
    }
}
