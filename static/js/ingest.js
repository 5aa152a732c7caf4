// The ingest page: when a lead comes while the list shows the newest records, look again, at most every two seconds.
(() => {
  'use strict';

  let timer = 0;
  function lookAgain() {
    timer = 0;
    const list = document.getElementById('records');
    // Whoever reads a record, or looks at older ones, is left in peace.
    if (!list || list.querySelector('details.record[open]') || document.hidden) return;
    list.querySelector('.segments [aria-pressed="true"]')?.click();
  }

  for (const name of ['lead.created', 'lead.changed', 'live-again']) {
    document.addEventListener(name, () => {
      timer ||= setTimeout(lookAgain, 2000);
    });
  }
})();
