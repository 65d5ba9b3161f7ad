"""Pairs of short answers, written for these tests: equal ones and others; `|` stands between the two."""

EQUAL = r"""
420 | \mathbf{420}
12 | 12 people
12 | 12\text{ people}
\text{4:30 p.m.} | 4:30 p.m.
\text{4:30 p.m.} | \text{4:30 PM}
\frac{1}{2} | ½
\sqrt{5} | √5
2\sqrt{5} | 2√5
\infty | +\infty
(-\infty, 3) | (-\infty,3)
(3,\infty) | (3,+\infty)
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | \begin{bmatrix} 1 \\ 2 \end{bmatrix}
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} | \begin{bmatrix}1&2\\3&4\end{bmatrix}
\begin{pmatrix} 1/2 \\ 2 \end{pmatrix} | \begin{pmatrix} \frac{1}{2} \\ 2 \end{pmatrix}
\text{(C)} | C
\text{(C)} | (C)
\text{(C)} | \text{C}
\text{C} | (C)
5\text{ cm} | 5\text{ cm}
5\text{ cm} | 5
5\text{ cm} | 5 cm
5\text{ cm}^2 | 5
12\text{ square feet} | 12
0.5 | \frac12
.5 | 0.5
50\% | 50
50\% | 50 \%
\$18 | 18
\$18.00 | 18
1,234 | 1234
1{,}234 | 1234
10\,000 | 10,000
x=5 | 5
y = 2x+3 | 2x+3
f(x) = 2x | 2x
x \in [0,1] | [0,1]
2\frac12 | \frac52
-\frac{1}{2} | \frac{-1}{2}
-\frac{1}{2} | -1/2
\frac{1}{-2} | -0.5
\frac{\sqrt{2}}{2} | \frac{1}{\sqrt{2}}
\frac{\sqrt2}2 | \sqrt{2}/2
3\sqrt{2} | \sqrt{18}
2^{10} | 1024
x+1 | 1+x
2x+3y | 3y+2x
3\cdot x | 3x
3 \times 5 | 15
\frac{x}{2} | x/2
\frac{x}{2} | \frac12x
\frac{x}{2} | 0.5x
(x+1)(x-1) | (x-1)(x+1)
(x+1)(x-1) | x^2-1
x^2+2x+1 | (x+1)^2
x^{2} | x^2
\frac{\pi}{2} | \pi/2
\frac{\pi}{2} | \frac12\pi
2\pi | 2π
90^\circ | 90
90^\circ | 90°
90^\circ | 90\text{ degrees}
\{1,2,3\} | \{3,2,1\}
1,2,3 | 3,2,1
10,4,-2 | 4,10,-2
-2,4 | 4,-2
\{1,2\} | 1,2
1 \text{ and } 2 | 1,2
1\text{ or }2 | 2, 1
(1,2) | (1, 2)
(1,2) | \left( 1, 2 \right)
[2,5) | \left[2,5\right)
(-\infty,-3)\cup(3,\infty) | (-\infty,-3) \cup (3,+\infty)
3-2i | -2i+3
3+4i | 4i+3
i | 1i
11_2 | 11_{2}
52_8 | 52_{8}
\text{Evelyn} | Evelyn
\text{even} | \text{Even}
\text{Friday} | friday
\text{odd} | \textbf{odd}
\dfrac{3}{4} | \frac{3}{4}
\tfrac34 | 0.75
\frac34 | 75/100
\sqrt[3]{2} | 2^{1/3}
\sqrt[3]{2} | \sqrt[3]2
\binom{5}{2} | 10
5! | 120
e^2 | e^{2}
\log_2 8 | 3
\frac{a+b}{c} | \frac{b+a}{c}
\frac{2}{3}x | \frac{2x}{3}
-x+y | y-x
4x^3-2x | -2x + 4x^3
x \le 5 | x \leq 5
x\geq 2 | x ≥ 2
x > 3 | 3 < x
x\ne 3 | x \neq 3
1.5 \times 10^3 | 1500
6.02\times10^{23} | 6.02 \cdot 10^{23}
\frac{1}{3} | \frac{2}{6}
0.\overline{3} | \frac{1}{3}
\boldsymbol{7} | 7
{7} | 7
7. | 7
7 | 7.0
7 | +7
007 | 7
\text{7} | 7
\mathrm{7} | 7
7 \text{ units} | 7
7 \mbox{ inches} | 7
3 \text{ hours} | 3
25 \text{ minutes} | 25 minutes
6 dollars | 6
6 | 6 apples
15 mph | 15
15\text{ mph} | 15 miles per hour
15\text{ mph} | 15
\text{Monday} | Monday
\text{True} | true
\text{No} | no
-5 | −5
\frac{-3}{4} | -\frac34
a^2b | ba^2
2(x+3) | 2x+6
x(x+1) | x^2+x
\sqrt{x^2+1} | \sqrt{1+x^2}
\sin x | \sin(x)
\frac{4}{\sqrt{3}} | \frac{4\sqrt{3}}{3}
3\pi\text{ cm} | 3\pi
1:2 | 1 : 2
\text{(A)} | A
\text{A} | \textbf{A}
\text{A} | (A)
\text{(E)} | \text{(E) }
\mathbf{(C)} | (C)
½ | 0.5
¾ | \frac34
2½ | 2.5
3² | 9
x² | x^2
√3/2 | \frac{\sqrt3}{2}
√(5) | \sqrt5
5√2 | 5\sqrt{2}
∞ | \infty
-∞ | -\infty
(2,∞) | (2,\infty)
π | \pi
3π/4 | \frac{3\pi}{4}
2·3 | 6
45° | 45
a≤b | a \le b
\left\{1,2\right\} | \{1,2\}
\lbrace 1,2 \rbrace | \{1,2\}
\begin{pmatrix}-1\\0\end{pmatrix} | \begin{pmatrix} -1 \\ 0 \end{pmatrix}
\begin{vmatrix}1\\2\end{vmatrix} | \begin{vmatrix} 1 \\ 2 \end{vmatrix}
\begin{bmatrix}1&0\end{bmatrix} | \begin{pmatrix} 1 & 0 \end{pmatrix}
\left(\begin{array}{c}1\\2\end{array}\right) | \begin{pmatrix}1\\2\end{pmatrix}
\left(\begin{matrix}1\\2\end{matrix}\right) | \begin{pmatrix}1\\2\end{pmatrix}
\text{4:30} | 4:30
12:00 | 12:00
3,\!000 | 3000
1\text{,}234 | 1234
1,000,000 | 10^6
x = 1, y = 2 | x=1,y=2
(x,y) = (1,2) | (1,2)
x=3\text{ or }x=-3 | \pm 3
\pm 3 | 3,-3
3\text{ and }-3 | -3, 3
9\% | 9 percent
\frac{7}{8}\text{ cups} | \frac78
120\text{ ways} | 120
5\text{ m/s} | 5
100^{\circ}\text{C} | 100
100^\circ F | 100
2 \text{ feet} | 2 \text{ ft}
8\text{ cm} | 8\text{ centimeters}
8\text{ cm}^2 | 8\text{ square centimeters}
8\text{ hours} | 8 hours
8\text{ hours} | 8 hrs
\text{Thursday} | \text{Thursday.}
x^3 + 3x^2 | x^2(x+3)
\frac{x+2}{7} | (x+2)/7
-\frac{x}{y} | \frac{-x}{y}
\sqrt{2}+\sqrt{3} | \sqrt{3}+\sqrt{2}
\frac{1+\sqrt{5}}{2} | \frac{\sqrt5+1}{2}
\frac{1+\sqrt{5}}{2} | \frac12+\frac{\sqrt5}{2}
\frac{1+\sqrt{5}}{2} | (1+\sqrt{5})/2
\cos 60^\circ | \cos(60^\circ)
x\in\mathbb{R} | \mathbb{R}
\emptyset | \varnothing
\text{none} | \text{None}
"""
UNEQUAL = r"""
5\text{ cm} | 5\text{ m}
5\text{ cm} | 5\text{ cm}^2
5\text{ feet} | 5\text{ inches}
5 cm | 5 m
3\text{ hours} | 3\text{ minutes}
3\text{ hours} | 3\text{ days}
100\text{ mph} | 100\text{ kph}
6\text{ dollars} | 6\text{ cents}
\text{4:30 p.m.} | \text{4:30 a.m.}
\text{4:30 p.m.} | \text{4:31 p.m.}
4:30 | 430
4:30 | 4
420 | \mathbf{42}
12 people | 13 people
12 people | 12x
12 | 12 or 13
12 | 12 and 13 people
½ | 2
½ | 12
2½ | 1
√5 | 5
\sqrt{5} | 5
√5 | √6
2√5 | 25
x² | x2
3² | 32
+\infty | -\infty
\infty | 0
(3,\infty) | (-\infty,3)
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | \begin{pmatrix} 2 \\ 1 \end{pmatrix}
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | \begin{pmatrix} 1 & 2 \end{pmatrix}
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} | \begin{vmatrix} 1 & 2 \\ 3 & 4 \end{vmatrix}
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} | \begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix}
\text{(C)} | \text{(D)}
\text{(C)} | D
\text{(A)} | B
C | 3
\text{A} | a+1
5 | -5
5 | 5x
5 | 55
0.5 | 0.50001
0.333 | \frac{1}{3}
50\% | 0.5
2 1/2 | 21/2
(1,2) | [1,2]
(1,2) | (2,1)
[2,5) | (2,5)
[2,5) | [2,5]
(1,2) | 1.2
1,2 | 12
1,2 | 1,2,3
\{1,2\} | \{1,2,3\}
\{1,2\} | (1,2)
\{1,2\} | \{1,-2\}
x<5 | x>5
x=5 | x<5
x<5 | x\le 5
x | X
x | y
\pi | p
\pi | 3.14
\frac{1}{2} | \frac{2}{1}
x^{2} | x2
x^2 | x^3
x^2 | 2x
2\frac{1}{2} | 1
3 | 3\text{ thousand}
3 | 3\text{ million}
3 | 3\text{ dozen}
52_8 | 528
52_8 | 52_9
52_8 | 52
x+1 | x-1
x+1 | x
2(x+3) | 2x+3
(x+1)^2 | x^2+1
\frac{x}{2} | \frac{2}{x}
\frac{a+b}{c} | a+\frac{b}{c}
\sqrt{2} | 1.414
\sqrt[3]{2} | \sqrt{2}
\sqrt{18} | 3\sqrt{3}
3-2i | 3+2i
3i | 3
10,4,-2 | 10,4,2
\pm 3 | 3
\pm 3 | -3
\text{even} | \text{odd}
\text{Friday} | \text{Thursday}
\text{Yes} | \text{No}
\text{none} | 0
1:2 | 2:1
1:2 | 12
1:2 | \frac{1}{3}
90^\circ | 91^\circ
90^\circ | 9
2^{10} | 210
2^{10} | 20
1,234 | 1.234
1,234 | 12345
1.5\times10^3 | 1.5\times 10^2
10^6 | 106
5! | 5
\binom{5}{2} | \binom{5}{1}
\binom{5}{2} | \frac{5}{2}
e^2 | 2e
\log_2 8 | \log_3 8
\sin x | \cos x
\sin x | \sin y
(-\infty,-3)\cup(3,\infty) | (-\infty,3)\cup(3,\infty)
(-\infty,-3)\cup(3,\infty) | (-\infty,-3)
\mathbb{R} | \mathbb{Z}
\emptyset | 0
x=1,y=2 | x=2,y=1
5 + 3 | 53
7 | \text{seven and more}
7\text{ units} | 8\text{ units}
\frac{7}{8}\text{ cups} | \frac{8}{7}\text{ cups}
15 | 1 5
\$18 | 18.5
100 | 1000
100 | 10
-\frac{1}{2} | \frac{1}{2}
f(x)=2x | 3x
y=2x+3 | y=3x+2
\frac{1}{0} | 0
0 |
x |
\text{cm} | 5
120\text{ ways} | 120!
\sqrt{x^2+1} | x+1
a^2b | ab^2
\frac{1+\sqrt5}{2} | \frac{1-\sqrt5}{2}
\frac{\pi}{2} | \frac{2}{\pi}
2\pi | \pi^2
45° | 45'
6.02\times10^{23} | 6.02\times10^{22}
8\text{ cm} | 8\text{ kilometers}
8\text{ cm}^2 | 8\text{ cm}^3
8\text{ sq ft} | 8\text{ ft}
12\text{ men} | 12\text{ women}
12\text{ apples} | 12\text{ oranges}
"""


def table(text: str) -> list[tuple[str, str]]:
    rows = [line.partition(" |") for line in text.strip("\n").split("\n")]
    return [(one.strip(), other.strip()) for one, _, other in rows]


SAME, OTHER = table(EQUAL), table(UNEQUAL)
