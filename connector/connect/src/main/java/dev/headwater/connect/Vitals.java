package dev.headwater.connect;

import dev.headwater.reader.Traffic;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.Gauge;
import org.apache.kafka.common.metrics.PluginMetrics;

/** How a feed fares, as Connect's own metrics: {@code kafka.connect:type=plugins,…,service=<name>}. */
final class Vitals implements Traffic {
    private final Map<String, AtomicLong> requests = new LinkedHashMap<>();
    private final AtomicLong bytes = new AtomicLong();
    volatile long position;
    /** Position of the end of the feed, as last seen. */
    volatile long end;
    /** When the last event given was recorded, while not at the end (ms since 1970); 0 at the end. */
    volatile long behindSince;
    /** Seconds of the wait now under way after a failure; 0 when all is well. */
    volatile double backOffSeconds;
    volatile long failuresInARow;
    volatile long quarantined;
    /** 1 while the feed waits for a person. */
    volatile long stuck;

    Vitals() {
        for (String kind : new String[] {"2xx", "3xx", "4xx", "5xx", "none"}) requests.put(kind, new AtomicLong());
    }

    void register(PluginMetrics metrics, String service) {
        if (metrics == null) return;
        gauge(metrics, service, "position", "Position up to which the feed was read", () -> position);
        gauge(metrics, service, "lag-events", "Positions between there and the end of the feed, as last seen", () -> Math.max(0, end - position));
        gauge(metrics, service, "lag-seconds", "Age of the last event read, while there are later ones", this::lagSeconds);
        gauge(metrics, service, "back-off-seconds", "Length of the present wait after a failure", () -> backOffSeconds);
        gauge(metrics, service, "failures-in-a-row", "Requests that failed since the last that did not", () -> failuresInARow);
        gauge(metrics, service, "stuck", "1 while nothing comes from the feed for a reason that a person must see", () -> stuck);
        gauge(metrics, service, "quarantined-total", "Unusable events", () -> quarantined);
        gauge(metrics, service, "received-bytes-total", "Bytes of answers, as sent", bytes::get);
        requests.forEach((kind, count) -> gauge(metrics, service, "requests-" + kind + "-total", "Answers with status " + kind, count::get));
    }

    private static void gauge(PluginMetrics metrics, String service, String name, String says, Supplier<? extends Number> value) {
        LinkedHashMap<String, String> tags = new LinkedHashMap<>(Map.of("service", service));
        MetricName full = metrics.metricName(name, says, tags);
        Gauge<Number> gauge = (config, now) -> value.get();
        metrics.addMetric(full, gauge);
    }

    private double lagSeconds() {
        long since = behindSince;
        return since == 0 ? 0 : Math.max(0, System.currentTimeMillis() - since) / 1000.0;
    }

    @Override
    public void answered(int status) {
        requests.get(status < 200 || status > 599 ? "none" : status / 100 + "xx").incrementAndGet();
    }

    @Override
    public void received(long more) {
        bytes.addAndGet(more);
    }
}
