INSERT INTO public.moment SELECT n, now(), '3 days 04:05:06.7', '\x0041ff', 1.0 / 7 * n, '2031-12-03', 9.75, '<a>x</a>' FROM generate_series(1, 6) n;
