#!/usr/bin/env node
import { main } from '@headwater/cli'

process.exitCode = await main(['new', 'landscape', ...process.argv.slice(2)])
