// For programs that only talk to services, browsers among them: nothing of a server comes along.
export { enter, RequestFailed } from '@headwater/hypermedia/client'
