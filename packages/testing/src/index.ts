export { startTestPostgres, type Template, type ThrowAwayDatabase, throwAwayDatabase } from './throw-away-database.ts'
