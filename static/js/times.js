// How long ago, how long waiting, how long until: <time data-ago|data-since|data-waiting|data-until>. `window.sofia.tellTimes(root)`
// writes them after a page changed a part of itself; every half minute they are written anew.
(() => {
  'use strict';

  const language = document.documentElement.lang;
  const LATE_AFTER_MINUTES = 15;
  const relative = new Intl.RelativeTimeFormat(language, { style: 'narrow', numeric: 'auto' });
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  const weekday = new Intl.DateTimeFormat(language, { weekday: 'short' });
  const short = new Intl.DateTimeFormat(language, { day: '2-digit', month: '2-digit' });
  const long = new Intl.DateTimeFormat(language, { day: '2-digit', month: '2-digit', year: '2-digit' });
  const whole = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'short' });
  const amount = (value, unit) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(value);

  function duration(minutes) {
    if (minutes < 60) return amount(Math.max(0, minutes), 'minute');
    if (minutes < 48 * 60) return amount(Math.floor(minutes / 60), 'hour');
    return amount(Math.floor(minutes / 1440), 'day');
  }

  function ago(date, now) {
    const minutes = Math.floor((now - date) / 60000);
    const days = Math.floor((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86400000);
    if (minutes < 1) return relative.format(0, 'second');
    if (minutes < 60) return amount(minutes, 'minute');
    if (days === 0) return clock.format(date);
    if (days < 7) return weekday.format(date);
    return date.getFullYear() === new Date().getFullYear() ? short.format(date) : long.format(date);
  }

  function tellTimes(root = document) {
    const now = Date.now();
    for (const time of root.querySelectorAll('time[data-ago]')) {
      const date = new Date(time.dateTime);
      time.textContent = ago(date, now);
      time.title = whole.format(date);
    }
    for (const time of root.querySelectorAll('time[data-since]')) {
      time.textContent = duration(Math.floor((now - new Date(time.dateTime)) / 60000));
      time.title = whole.format(new Date(time.dateTime));
    }
    for (const time of root.querySelectorAll('time[data-waiting]')) {
      const minutes = Math.floor((now - new Date(time.dateTime)) / 60000);
      time.textContent = duration(minutes);
      time.closest('.badge').classList.toggle('late', minutes >= LATE_AFTER_MINUTES);
    }
    for (const time of root.querySelectorAll('time[data-until]')) {
      time.textContent = duration(Math.floor((new Date(time.dateTime) - now) / 60000));
    }
  }

  window.sofia.tellTimes = tellTimes;
  setInterval(tellTimes, 30000);
})();
