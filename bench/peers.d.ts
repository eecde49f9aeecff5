// Peers are installed by the programs that measure against them, each with its own lock file; a checkout type-checks without them.
declare module '@event-driven-io/emmett-postgresql'
declare module '@growthbook/growthbook'
declare module '@asyncapi/parser'
declare module '@nestjs/core'
declare module 'reflect-metadata'
