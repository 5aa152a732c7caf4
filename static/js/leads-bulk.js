// Choosing leads and doing something with all of them: those of the page, or every one that the filter finds. What takes
// longer runs as a job, whose progress stands in the bar.
(() => {
  'use strict';

  const page = document.getElementById('leads');
  const bar = document.getElementById('bulk-bar');
  if (!page || !bar) return;
  const { request, showToast } = window.sofia;
  const main = document.getElementById('leads-main');
  const count = document.getElementById('bulk-count');
  const everyone = document.getElementById('bulk-all');
  const progress = document.getElementById('bulk-progress');
  const results = () => document.getElementById('results');
  const boxes = () => [...main.querySelectorAll('.lead-row input[name="lead"]')];
  const words = page.dataset;
  const shown = (number) => new Intl.NumberFormat(document.documentElement.lang).format(number);

  const chosen = new Set();
  let isAll = false;
  let lastBox = null;
  let filter = results().dataset.query;

  function draw() {
    const all = boxes();
    for (const box of all) {
      box.checked = isAll || chosen.has(box.value);
      box.closest('.lead-row').classList.toggle('is-chosen', box.checked);
    }
    const head = document.getElementById('choose-page');
    const checked = all.filter((box) => box.checked).length;
    if (head) {
      head.checked = all.length > 0 && checked === all.length;
      head.indeterminate = checked > 0 && checked < all.length;
    }
    const total = Number(results().dataset.total);
    bar.hidden = !isAll && chosen.size === 0;
    count.textContent = isAll ? words.wordAll.replace('{n}', shown(total)) : words.wordChosen.replace('{n}', shown(chosen.size));
    everyone.hidden = isAll || total <= chosen.size || checked < all.length;
    everyone.textContent = everyone.dataset.words.replace('{n}', shown(total));
  }
  function clear() {
    chosen.clear();
    isAll = false;
    lastBox = null;
    draw();
  }

  main.addEventListener('click', (event) => {
    const box = event.target;
    if (box.id === 'choose-page') {
      isAll = false;
      for (const each of boxes()) {
        if (box.checked) chosen.add(each.value);
        else chosen.delete(each.value);
      }
      draw();
    } else if (box.name === 'lead' && box.type === 'checkbox') {
      if (isAll) {
        isAll = false;
        for (const each of boxes()) chosen.add(each.value);
      }
      const all = boxes();
      const from = event.shiftKey && lastBox ? all.findIndex((each) => each.value === lastBox) : all.indexOf(box);
      const [low, high] = [Math.max(0, Math.min(from, all.indexOf(box))), Math.max(from, all.indexOf(box))];
      for (const each of all.slice(low, high + 1)) {
        if (box.checked) chosen.add(each.value);
        else chosen.delete(each.value);
      }
      lastBox = box.value;
      draw();
    }
  });
  everyone.addEventListener('click', () => {
    isAll = true;
    draw();
  });
  document.getElementById('bulk-none').addEventListener('click', clear);
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || bar.hidden || event.defaultPrevented) return;
    if (event.target.closest('input:not([type="checkbox"]), textarea, select, dialog') || document.querySelector('dialog[open], details.menu[open]')) return;
    clear();
  });
  // Another filter is another list: what was chosen of the old one is not carried into it.
  document.addEventListener('leads-drawn', () => {
    const now = results().dataset.query;
    if (now !== filter && isAll) isAll = false;
    if (now !== filter) chosen.clear();
    filter = now;
    draw();
  });

  // ---- what to do with them: the server asks in the dialog, with how many it concerns
  bar.addEventListener('click', (event) => {
    const action = event.target.closest('[data-bulk]')?.dataset.bulk;
    if (!action) return;
    const values = { action, ...selection() };
    document.getElementById('dialog').showModal();
    // By POST: what is chosen may be longer than an address.
    window.htmx.ajax('POST', bar.dataset.form, { target: '#dialog-body', swap: 'innerHTML', values });
  });
  function selection() {
    return isAll ? { query: results().dataset.query, all: '1' } : { ids: [...chosen].join(',') };
  }

  // ---- while it runs, and when it is done
  let running = null;
  function watch(job) {
    running = job;
    progress.hidden = false;
    progress.querySelector('progress').removeAttribute('value');
    progress.querySelector('.words').textContent = '';
  }
  document.addEventListener('bulk-began', (event) => {
    clear();
    if (event.detail.job_id) watch(event.detail.job_id);
    else window.sofia.leads.again();
  });
  document.addEventListener('job.changed', (event) => {
    const { job_id: job, done, total } = event.detail;
    if (job !== running) return;
    const line = progress.querySelector('progress');
    line.max = total || 1;
    line.value = done;
    progress.querySelector('.words').textContent = words.wordDone.replace('{done}', shown(done)).replace('{total}', shown(total));
  });
  async function ended(job) {
    if (job !== running) return;
    running = null;
    progress.hidden = true;
    await request(bar.dataset.job.replace('/0/', `/${job}/`)); // its answer carries the toast
    window.sofia.leads.again();
  }
  document.addEventListener('job.ended', (event) => ended(event.detail.job_id).catch(() => {}));
  document.addEventListener('live-again', () => { if (running) ended(running).catch(() => {}); });
  document.addEventListener('bulk-undone', () => window.sofia.leads.again());
  document.getElementById('bulk-cancel').addEventListener('click', () => {
    if (running) request(`${bar.dataset.job.replace('/0/', `/${running}/`)}cancel`, { method: 'POST' }).catch(() => showToast(document.documentElement.dataset.wordOffline, 'error'));
  });

  draw();
})();
