// The points' page: sliders beside their numbers, the sum as it is typed, and what would change a moment after.
(() => {
  'use strict';

  const form = document.getElementById('scoring-form');
  if (!form) return;
  const preview = document.getElementById('scoring-preview');
  const total = document.getElementById('total');
  const hint = document.getElementById('total-hint');
  const WAIT = 500;
  let timer = 0;
  let asked = 0;

  const numberOf = (input) => Number.parseFloat(input.value.replace(',', '.')) || 0;

  function add() {
    let sum = 0;
    let best = 0;
    for (const input of form.querySelectorAll('[data-points]')) {
      if (input.dataset.points === 'source') best = Math.max(best, numberOf(input));
      else sum += numberOf(input);
    }
    const all = Math.round((sum + best) * 100) / 100;
    total.textContent = all.toLocaleString(document.documentElement.lang);
    hint.textContent = all > 100 ? hint.dataset.more : all < 100 ? hint.dataset.less : '';
    document.getElementById('scale-warm').setAttribute('x', numberOf(form.elements.warm));
    document.getElementById('scale-hot').setAttribute('x', numberOf(form.elements.hot));
  }

  async function look() {
    const mine = ++asked;
    preview.setAttribute('aria-busy', 'true');
    const answer = await window.sofia.request(form.dataset.preview, { method: 'POST', body: new FormData(form) });
    if (mine !== asked) return;
    preview.removeAttribute('aria-busy');
    if (answer.isOk) preview.innerHTML = answer.html;
  }

  form.addEventListener('input', (event) => {
    const { target } = event;
    if (target.dataset.of) document.getElementById(target.dataset.of).value = target.value;
    else if (target.matches('.points')) target.parentElement.querySelector('[type=range]').value = numberOf(target);
    add();
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  });
  // What the job did changes what would change.
  document.addEventListener('job.ended', (event) => {
    if (event.detail.kind !== 'rescore') return;
    document.body.dispatchEvent(new CustomEvent('job-news'));
    look();
  });
  document.addEventListener('job.changed', (event) => {
    if (event.detail.kind === 'rescore') document.body.dispatchEvent(new CustomEvent('job-news'));
  });
  document.addEventListener('scoring-saved', () => setTimeout(look, WAIT));
  add();
})();
