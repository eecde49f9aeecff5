import { useState } from 'react'
import { Button } from 'react-aria-components/Button'
import { followTheme, type Theme, themeNow } from '../theme.ts'

const next: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' }
const marks: Readonly<Record<Theme, string>> = {
  system: 'M10 3.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13v13',
  light:
    'M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7M10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M4.300 15.700l1.100-1.100M14.600 5.400l1.100-1.100',
  dark: 'M16.500 11.800A7 7 0 0 1 8.200 3.500a7 7 0 1 0 8.300 8.300z',
}

export function ThemeChoice() {
  const [theme, setTheme] = useState(themeNow)
  const choose = () => {
    followTheme(next[theme])
    setTheme(next[theme])
  }
  return (
    <Button className="icon-button" aria-label={`Theme: ${theme}`} onPress={choose}>
      <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
        <path d={marks[theme]} />
        {theme === 'system' && <path className="filled" d="M10 3.500a6.500 6.500 0 0 1 0 13z" />}
      </svg>
    </Button>
  )
}
