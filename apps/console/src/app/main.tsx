import { QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { queries } from './reach.ts'
import { Shell } from './shell.tsx'
import { followTheme } from './theme.ts'
import './style/tokens.css'
import './style/base.css'
import './style/parts.css'

followTheme()
createRoot(document.getElementById('root')!).render(
  <QueryClientProvider client={queries}>
    <Shell />
  </QueryClientProvider>,
)
