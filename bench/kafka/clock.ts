/** Milliseconds that processes of one machine may compare, to the microsecond. */
export const now = () => performance.timeOrigin + performance.now()
