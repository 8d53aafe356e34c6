// Search, language tabs, and the forms that send requests. The token is stored nowhere but in its field.
'use strict'

const all = (selector, within = document) => [...within.querySelectorAll(selector)]
// Works below any path at which the page is served.
const root = location.origin + location.pathname.replace(/\/docs\/?$/, '')

function showServer() {
  for (const code of all('.snippets code')) code.textContent = code.textContent.replace('http://127.0.0.1:8080', root)
}

function choose(language) {
  for (const tab of all('[role=tab]')) {
    const chosen = tab.dataset.language === language
    tab.setAttribute('aria-selected', String(chosen))
    // Only the selected tab is in the tab order; the arrow keys move on from it.
    tab.tabIndex = chosen ? 0 : -1
  }
  for (const block of all('.block')) block.hidden = block.dataset.language !== language
}

function listenToTabs() {
  for (const tab of all('[role=tab]')) {
    tab.addEventListener('click', () => {
      // Keeps the tab in place although snippets above it change their heights.
      const before = tab.getBoundingClientRect().top
      choose(tab.dataset.language)
      scrollBy({ top: tab.getBoundingClientRect().top - before, behavior: 'instant' })
    })
    tab.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
      if (!step) return
      const tabs = all('[role=tab]', tab.parentElement)
      const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length]
      next.focus()
      next.click()
    })
  }
  for (const copy of all('.copy')) {
    copy.addEventListener('click', async () => {
      const shown = all('.block', copy.closest('.snippets')).find((block) => !block.hidden)
      try {
        await navigator.clipboard.writeText(shown.textContent.trim())
        copy.textContent = 'Copied'
      } catch {
        copy.textContent = 'Could not copy'
      }
      setTimeout(() => { copy.textContent = 'Copy' }, 2000)
    })
  }
}

function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  let found = 0
  for (const part of all('[data-find]')) {
    const has = part.textContent.toLowerCase()
    part.hidden = !words.every((word) => has.includes(word))
    if (!part.hidden) found += 1
  }
  for (const section of all('main > section:not([data-find])')) {
    section.hidden = !all('[data-find]', section).some((part) => !part.hidden)
  }
  document.getElementById('nothing').hidden = found > 0
}

function listenToSearch() {
  const field = document.getElementById('search')
  field.addEventListener('input', () => search(field.value))
  addEventListener('keydown', (event) => {
    if (event.key === '/' && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault()
      field.focus()
    }
    if (event.key === 'Escape' && document.activeElement === field) {
      field.value = ''
      search('')
    }
  })
  // A link to something that the search has hidden clears the search.
  addEventListener('hashchange', () => {
    const target = document.getElementById(location.hash.slice(1))
    if (target?.closest('[hidden]')) {
      field.value = ''
      search('')
      target.scrollIntoView()
    }
  })
}

function request(form) {
  let path = form.dataset.path
  const query = new URLSearchParams()
  for (const input of all('input', form)) {
    if (input.dataset.in === 'path') path = path.replace(':' + input.name, encodeURIComponent(input.value.trim()))
    else if (input.value) query.set(input.name, input.value)
  }
  const headers = { Authorization: 'Bearer ' + document.getElementById('token').value.trim() }
  const options = { method: form.dataset.method, headers, credentials: 'omit', cache: 'no-store' }
  const body = form.querySelector('textarea')
  if (body) {
    headers['Content-Type'] = 'application/json'
    options.body = body.value
  }
  const search = query.size ? '?' + query : ''
  return [root + document.body.dataset.base + path + search, options]
}

function show(output, text) {
  const block = document.createElement('pre')
  block.tabIndex = 0
  block.textContent = text
  output.replaceChildren(block)
}

async function send(form) {
  const output = form.querySelector('output')
  const missing = all('input[data-in=path]', form).find((input) => !input.value.trim())
  if (missing) {
    missing.focus()
    return show(output, `${missing.name} is required.`)
  }
  try {
    const response = await fetch(...request(form))
    const text = await response.text()
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\n`).join('')
    let body = text
    try { body = JSON.stringify(JSON.parse(text), null, 2) } catch { /* not JSON: shown as is */ }
    show(output, `${response.status} ${response.statusText}\n${headers}\n${body}`)
  } catch (error) {
    show(output, `No response: ${error.message}`)
  }
}

function listenToForms() {
  for (const form of all('form')) {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      if (form.dataset.path) send(form)
    })
  }
}

showServer()
choose('curl')
listenToTabs()
listenToSearch()
listenToForms()
if (matchMedia('(max-width: 52rem)').matches) document.getElementById('contents').open = false
