// Carrying a card with the mouse or a finger. A mouse lifts it by moving, a finger by resting on it, so that a swipe still
// scrolls. Let go over a column or a phone's tab, it says `board-drop`; Escape or letting go elsewhere leaves it alone.
(() => {
  'use strict';

  const board = document.getElementById('board');
  if (!board || board.dataset.canMove !== 'yes') return;
  const columns = document.getElementById('columns');
  const LIFTED_AFTER_PIXELS = 6;
  const LIFTED_AFTER_MS = 280;
  const EDGE = 56;

  let held = null; // { card, pointer, x, y, grab: {x, y}, timer, ghost, target, frame }

  const targetAt = (x, y) => document.elementFromPoint(x, y)?.closest('.column, [data-tab]') ?? null;

  function lift() {
    const { card } = held;
    const box = card.getBoundingClientRect();
    held.grab = { x: held.x - box.left, y: held.y - box.top };
    held.ghost = card.cloneNode(true);
    held.ghost.removeAttribute('id');
    held.ghost.classList.add('is-ghost');
    held.ghost.style.width = `${box.width}px`;
    document.body.append(held.ghost);
    card.classList.add('is-lifted');
    document.body.classList.add('is-dragging');
    card.setPointerCapture(held.pointer);
    if (held.isTouch) navigator.vibrate?.(10);
    carry();
    held.frame = requestAnimationFrame(scrollAtEdges);
  }
  function carry() {
    const { ghost, x, y, grab } = held;
    ghost.style.transform = `translate(${x - grab.x}px, ${y - grab.y}px) rotate(1.5deg)`;
    const target = targetAt(x, y);
    if (target === held.target) return;
    held.target?.classList.remove('is-target');
    held.target = target;
    if (target && target.dataset.stage !== held.card.dataset.stage) target.classList.add('is-target');
  }
  // Near an edge the board, or the column below the card, comes along.
  function scrollAtEdges() {
    if (!held?.ghost) return;
    const box = columns.getBoundingClientRect();
    const pull = (at, from, to) => (at < from + EDGE ? at - from - EDGE : at > to - EDGE ? at - to + EDGE : 0) / 4;
    columns.scrollLeft += pull(held.x, box.left, box.right);
    const list = held.target?.querySelector('.cards');
    if (list) list.scrollTop += pull(held.y, box.top, box.bottom);
    carry();
    held.frame = requestAnimationFrame(scrollAtEdges);
  }
  function letGo({ isDropped }) {
    if (!held) return;
    const { card, ghost, target } = held;
    clearTimeout(held.timer);
    cancelAnimationFrame(held.frame);
    ghost?.remove();
    target?.classList.remove('is-target');
    card.classList.remove('is-lifted');
    document.body.classList.remove('is-dragging');
    held = null;
    if (!ghost) return;
    // The click that follows would open the lead.
    const swallow = (event) => {
      event.preventDefault();
      event.stopPropagation();
    };
    window.addEventListener('click', swallow, { capture: true, once: true });
    setTimeout(() => window.removeEventListener('click', swallow, { capture: true }), 50);
    if (isDropped && target && target.dataset.stage !== card.dataset.stage) {
      document.dispatchEvent(new CustomEvent('board-drop', { detail: { id: card.dataset.id, stage: target.dataset.stage } }));
    }
  }

  columns.addEventListener('pointerdown', (event) => {
    const card = event.target.closest('.card');
    if (!card || held || event.button !== 0 || event.target.closest('button, summary')) return;
    const isTouch = event.pointerType !== 'mouse';
    held = { card, isTouch, pointer: event.pointerId, x: event.clientX, y: event.clientY, start: [event.clientX, event.clientY] };
    if (isTouch) held.timer = setTimeout(lift, LIFTED_AFTER_MS);
  });
  document.addEventListener('pointermove', (event) => {
    if (!held || event.pointerId !== held.pointer) return;
    held.x = event.clientX;
    held.y = event.clientY;
    if (held.ghost) {
      carry();
      return;
    }
    const isFar = Math.hypot(held.x - held.start[0], held.y - held.start[1]) > LIFTED_AFTER_PIXELS;
    if (isFar && held.isTouch) letGo({ isDropped: false });
    else if (isFar) lift();
  });
  document.addEventListener('pointerup', (event) => { if (event.pointerId === held?.pointer) letGo({ isDropped: true }); });
  document.addEventListener('pointercancel', (event) => { if (event.pointerId === held?.pointer) letGo({ isDropped: false }); });
  // A lifted card is carried, not scrolled under.
  document.addEventListener('touchmove', (event) => { if (held?.ghost) event.preventDefault(); }, { passive: false });
  columns.addEventListener('contextmenu', (event) => { if (held?.isTouch) event.preventDefault(); });
  columns.addEventListener('dragstart', (event) => event.preventDefault());
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && held) letGo({ isDropped: false }); }, { capture: true });
})();
