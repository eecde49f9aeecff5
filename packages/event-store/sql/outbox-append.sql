select headwater.append($1, $2::json, correlation => $3, causation => $4, traceparent => $5)
