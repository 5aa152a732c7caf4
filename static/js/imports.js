// The import wizard: a file is dropped and sent with its progress, the preview follows the chosen columns, and what runs
// in the background is looked at again when the socket tells of it (htmx asks every two seconds besides).
(() => {
  'use strict';

  // ---- sending a file
  const upload = document.getElementById('upload');
  if (upload) {
    const input = upload.querySelector('input[type=file]');
    const box = upload.querySelector('.drop-progress');
    const bar = box.querySelector('progress');
    const state = box.querySelector('[data-state]');

    const reset = () => {
      upload.classList.remove('is-sending');
      box.hidden = true;
      input.value = '';
    };

    const send = (file) => {
      const line = new XMLHttpRequest();
      const form = new FormData();
      form.append('csrfmiddlewaretoken', upload.querySelector('[name=csrfmiddlewaretoken]').value);
      form.append('file', file);
      upload.classList.add('is-sending');
      box.hidden = false;
      box.querySelector('[data-file]').textContent = file.name;
      state.textContent = upload.dataset.wordSending;
      bar.value = 0;
      line.upload.onprogress = (event) => {
        if (!event.lengthComputable) return;
        bar.value = (event.loaded / event.total) * 100;
        if (event.loaded === event.total) {
          bar.removeAttribute('value');
          state.textContent = upload.dataset.wordReading;
        }
      };
      line.onload = () => {
        const to = line.getResponseHeader('HX-Redirect');
        if (to) {
          window.location.assign(to);
          return;
        }
        const told = JSON.parse(line.getResponseHeader('HX-Trigger') || '{}').toast;
        window.sofia.showToast(told ? told.message : upload.dataset.wordFailed, 'error');
        reset();
      };
      line.onerror = () => {
        window.sofia.showToast(upload.dataset.wordFailed, 'error');
        reset();
      };
      line.open('POST', upload.action);
      line.setRequestHeader('HX-Request', 'true');
      line.setRequestHeader('X-CSRFToken', form.get('csrfmiddlewaretoken'));
      line.send(form);
    };

    input.addEventListener('change', () => {
      if (input.files.length) send(input.files[0]);
    });
    let depth = 0;
    const mark = (step) => {
      depth = Math.max(0, depth + step);
      upload.classList.toggle('is-over', depth > 0);
    };
    upload.addEventListener('dragenter', () => mark(1));
    upload.addEventListener('dragleave', () => mark(-1));
    // A file that misses the area would replace the page.
    for (const name of ['dragover', 'drop']) window.addEventListener(name, (event) => event.preventDefault());
    window.addEventListener('drop', (event) => {
      depth = 0;
      mark(0);
      const file = event.dataTransfer?.files[0];
      if (file && !upload.classList.contains('is-sending')) send(file);
    });
  }

  // ---- the columns
  const mapping = document.getElementById('mapping');
  if (mapping) {
    let asked = null;
    const look = async () => {
      asked?.abort();
      asked = new AbortController();
      try {
        const answer = await window.sofia.request(mapping.dataset.preview, {
          method: 'POST', body: new FormData(mapping), signal: asked.signal,
        });
        if (answer.isOk) document.getElementById('preview').innerHTML = answer.html;
      } catch (error) {
        if (error.name !== 'AbortError') throw error;
      }
    };
    mapping.addEventListener('change', (event) => {
      const select = event.target.closest('.column select');
      if (select) {
        select.closest('.column').classList.toggle('is-left-out', !select.value);
        look();
      }
    });
  }

  document.addEventListener('change', (event) => {
    const revealing = event.target.closest?.('[data-reveals]');
    if (!revealing) return;
    const field = document.getElementById(revealing.dataset.reveals);
    field.hidden = !revealing.checked;
    if (revealing.checked) field.focus();
  });

  // ---- exports
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-check-all], [data-check-none]');
    if (!button) return;
    const isOn = button.hasAttribute('data-check-all');
    const name = isOn ? button.dataset.checkAll : button.dataset.checkNone;
    for (const box of document.querySelectorAll(`input[type=checkbox][name="${name}"]`)) box.checked = isOn;
  });
  const form = document.getElementById('export-form');
  form?.addEventListener('submit', (event) => {
    // A download keeps the page, so its form may be sent again at once; the token is for the spreadsheet's button alone.
    if (!event.submitter?.hasAttribute('data-download')) return;
    event.stopPropagation();
    const token = form.querySelector('[name=csrfmiddlewaretoken]');
    token.disabled = true;
    setTimeout(() => { token.disabled = false; });
  });

  // ---- what runs in the background
  for (const name of ['job.changed', 'job.ended']) {
    document.addEventListener(name, (event) => {
      if (document.querySelector(`[data-job="${event.detail.job_id}"]`)) htmx.trigger(document.body, 'job-news');
    });
  }
})();
