/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New moons and the sun's place after Jean Meeus, Astronomical Algorithms, 2nd edition: chapter 49
 * (new moons, to some seconds) and 25 (the sun, to 0.01 degrees, a quarter of an hour); the
 * difference of clock and dynamical time after Espenak and Meeus.
 *
 * Months are counted by k, new moons since that of 2000-01-06. "Round" Y is what lies between
 * month 11 of the year Y - 1 and month 11 of the year Y.
 */
#include "desk/lunar.h"

#include <math.h>

#include "base/civil.h"

#define DEGREE		(3.14159265358979323846 / 180)
#define UNIX_JD		2440587.5	/* Julian date of 1970-01-01 00:00 UTC */
#define EAST		(7.0 / 24)	/* UTC+7, in days */
#define MONTH		29.530588861	/* mean days from new moon to new moon */
#define FIRST_NEW	2451550.09766	/* k = 0 */
#define DAY_S		86400.0
#define J2000		2451545.0
#define CENTURY		36525.0

enum { LEAP_ROUND = 13 };

struct round {
	int64_t first;		/* k of its month 11 */
	unsigned leap;		/* which of its months, from 0, is the leap month; 0: none */
};

static double
sine(double degrees)
{
	return sin(fmod(degrees, 360) * DEGREE);
}

/* Seconds that dynamical time is ahead of the clocks. */
static double
ahead_s(double year)
{
	double t;

	if (year < 1986) {
		t = year - 1975;
		return 45.45 + 1.067 * t - t * t / 260 - t * t * t / 718;
	}
	t = year - 2000;
	if (year < 2005)
		return 63.86 + 0.3345 * t - 0.060374 * t * t + 0.0017275 * t * t * t;
	if (year < 2050)
		return 62.92 + 0.32217 * t + 0.005589 * t * t;
	t = (year - 1820) / 100;
	return -20 + 32 * t * t - 0.5628 * (2150 - year);
}

/* Chapter 49, the terms of the new moon: so much of a day, times E^e, sine of the sum. */
static const struct term {
	double amount;
	int8_t e, sun, moon, node;
} new_moon_term[] = {
	{ -0.40720, 0, 0, 1, 0 }, { 0.17241, 1, 1, 0, 0 }, { 0.01608, 0, 0, 2, 0 },
	{ 0.01039, 0, 0, 0, 2 }, { 0.00739, 1, -1, 1, 0 }, { -0.00514, 1, 1, 1, 0 },
	{ 0.00208, 2, 2, 0, 0 }, { -0.00111, 0, 0, 1, -2 }, { -0.00057, 0, 0, 1, 2 },
	{ 0.00056, 1, 1, 2, 0 }, { -0.00042, 0, 0, 3, 0 }, { 0.00042, 1, 1, 0, 2 },
	{ 0.00038, 1, 1, 0, -2 }, { -0.00024, 1, -1, 2, 0 }, { -0.00007, 0, 2, 1, 0 },
	{ 0.00004, 0, 0, 2, -2 }, { 0.00004, 0, 3, 0, 0 }, { 0.00003, 0, 1, 1, -2 },
	{ 0.00003, 0, 0, 2, 2 }, { -0.00003, 0, 1, 1, 2 }, { 0.00003, 0, -1, 1, 2 },
	{ -0.00002, 0, -1, 1, -2 }, { -0.00002, 0, 1, 3, 0 }, { 0.00002, 0, 0, 4, 0 },
};

/* Chapter 49, further corrections: sine of (at + per month * k). */
static const struct {
	double amount, at, month;
} planet_term[] = {
	{ 0.000325, 299.77, 0.107408 }, { 0.000165, 251.88, 0.016321 },
	{ 0.000164, 251.83, 26.651886 }, { 0.000126, 349.42, 36.412478 },
	{ 0.000110, 84.66, 18.206239 }, { 0.000062, 141.74, 53.303771 },
	{ 0.000060, 207.14, 2.453732 }, { 0.000056, 154.84, 7.306860 },
	{ 0.000047, 34.52, 27.261239 }, { 0.000042, 207.19, 0.121824 },
	{ 0.000040, 291.34, 1.844379 }, { 0.000037, 161.72, 24.198154 },
	{ 0.000035, 239.56, 25.513099 }, { 0.000023, 331.55, 3.592518 },
};

/* Julian date, by the clocks of UTC, of the new moon k. */
static double
new_moon(int64_t at)
{
	double k = (double)at, t = k / 1236.85, t2 = t * t, t3 = t2 * t, t4 = t3 * t;
	double e[3] = { 1, 1 - 0.002516 * t - 0.0000074 * t2, 0 };
	double sun = 2.5534 + 29.10535670 * k - 0.0000014 * t2 - 0.00000011 * t3;
	double moon = 201.5643 + 385.81693528 * k + 0.0107582 * t2 + 0.00001238 * t3 -
	    0.000000058 * t4;
	double node = 160.7108 + 390.67050284 * k - 0.0016118 * t2 - 0.00000227 * t3 +
	    0.000000011 * t4;
	double jde = FIRST_NEW + MONTH * k + 0.00015437 * t2 - 0.000000150 * t3 +
	    0.00000000073 * t4;

	e[2] = e[1] * e[1];
	for (unsigned i = 0; i < sizeof new_moon_term / sizeof *new_moon_term; i++) {
		const struct term *x = &new_moon_term[i];

		jde += x->amount * e[x->e] * sine(x->sun * sun + x->moon * moon + x->node * node);
	}
	for (unsigned i = 0; i < sizeof planet_term / sizeof *planet_term; i++)
		jde += planet_term[i].amount * sine(planet_term[i].at + planet_term[i].month * k);
	jde -= 0.00017 * sine(124.7746 - 1.56375588 * k + 0.0020672 * t2 + 0.00000215 * t3);
	return jde - ahead_s(2000 + (jde - J2000) / 365.25) / DAY_S;
}

/* The day, since 1970-01-01, that the month k begins on. */
static int64_t
month_day(int64_t k)
{
	return (int64_t)floor(new_moon(k) - UNIX_JD + EAST);
}

/* Which sign, 0..11, the sun is in when the day begins: 30 degrees each; 9 from the solstice on. */
static int
sign_of(int64_t day)
{
	double jd = (double)day + UNIX_JD - EAST;
	double jde = jd + ahead_s(2000 + (jd - J2000) / 365.25) / DAY_S;
	double t = (jde - J2000) / CENTURY, m, c, apparent;

	m = 357.52911 + 35999.05029 * t - 0.0001537 * t * t;
	c = (1.914602 - 0.004817 * t - 0.000014 * t * t) * sine(m) +
	    (0.019993 - 0.000101 * t) * sine(2 * m) + 0.000289 * sine(3 * m);
	apparent = 280.46646 + 36000.76983 * t + 0.0003032 * t * t + c - 0.00569 -
	    0.00478 * sine(125.04 - 1934.136 * t);
	apparent -= 360 * floor(apparent / 360);
	return (int)(apparent / 30);
}

/* The month that the day is in. */
static int64_t
month_at(int64_t day)
{
	int64_t k = (int64_t)floor(((double)day + UNIX_JD - FIRST_NEW) / MONTH) + 1;

	while (month_day(k) > day)
		k--;
	return k;
}

/* Month 11 of the year. */
static int64_t
eleventh(int year)
{
	int64_t k = month_at(civil_days(year, 12, 31));

	/* The solstice was over when this one began: it is month 12. */
	return sign_of(month_day(k)) >= 9 ? k - 1 : k;
}

static struct round
round_of(int year)
{
	struct round r = { .first = eleventh(year - 1) };

	if (eleventh(year) - r.first < LEAP_ROUND)
		return r;
	for (r.leap = 1; r.leap < LEAP_ROUND - 1; r.leap++) {
		int64_t k = r.first + r.leap;

		if (sign_of(month_day(k)) == sign_of(month_day(k + 1)))
			break;
	}
	return r;
}

bool
lunar_of_day(int64_t day, struct lunar *ret_lunar)
{
	struct civil date;
	struct lunar found;
	struct round r;
	int64_t k;
	unsigned i;
	int year;

	if (day < civil_days(LUNAR_YEAR_FIRST, 1, 1) ||
	    day >= civil_days(LUNAR_YEAR_LAST + 1, 1, 1))
		return false;
	civil_split(&date, day * CIVIL_DAY_S * CIVIL_SECOND_NS, 0);
	k = month_at(day);
	year = k >= eleventh(date.year) ? date.year + 1 : date.year;
	r = round_of(year);
	i = (unsigned)(k - r.first);
	found.leap = r.leap > 0 && i == r.leap;
	if (r.leap > 0 && i >= r.leap)
		i--;
	found.year = i < 2 ? year - 1 : year;
	found.month = (i + 10) % 12 + 1;
	found.day = (unsigned)(day - month_day(k)) + 1;
	*ret_lunar = found;
	return true;
}

static bool
month_find(const struct lunar *lunar, int64_t *ret_k)
{
	unsigned i = (lunar->month + 1) % 12;
	struct round r;

	if (lunar->year < LUNAR_YEAR_FIRST || lunar->year > LUNAR_YEAR_LAST || lunar->month < 1 ||
	    lunar->month > 12)
		return false;
	r = round_of(i < 2 ? lunar->year + 1 : lunar->year);
	if (lunar->leap && (r.leap == 0 || i + 1 != r.leap))
		return false;
	if (lunar->leap || (r.leap > 0 && i >= r.leap))
		i++;
	*ret_k = r.first + i;
	return true;
}

unsigned
lunar_month_days(const struct lunar *lunar)
{
	int64_t k;

	return month_find(lunar, &k) ? (unsigned)(month_day(k + 1) - month_day(k)) : 0;
}

bool
lunar_to_day(const struct lunar *lunar, int64_t *ret_day)
{
	int64_t k, day;

	if (lunar->day < 1 || !month_find(lunar, &k))
		return false;
	day = month_day(k) + lunar->day - 1;
	if (day >= month_day(k + 1))
		return false;
	*ret_day = day;
	return true;
}
