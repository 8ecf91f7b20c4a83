#!/usr/bin/perl
# Writes unicode-scripts.bin: scripts and three properties of code points, from the Unicode data that comes with Perl.
#   perl make-unicode-tables.pl > unicode-scripts.bin
# Format: count of names, the names (length byte, ASCII), count of ranges, and for each range in order of its start: gap since
# the end of the one before, length, index of the script * 2 + (1 if its characters came after Unicode 9); then for Alphabetic,
# Lowercase and Uppercase: count of ranges, and for each gap and length. Numbers are LEB128.
# Version 9 matters because the UnicodeScripts pre-tokenizer of Hugging Face knows no later one.
use strict;
use warnings;
use Unicode::UCD qw(prop_invmap);

sub ranges_of {
    my ($starts, $values) = prop_invmap(shift);
    return map { [$starts->[$_], $_ < $#$starts ? $starts->[$_ + 1] - 1 : 0x10FFFF, $values->[$_]] } 0 .. $#$starts;
}

my (%index, @names, @ranges);
my @ages = ranges_of('Age');
for my $range (ranges_of('Script')) {
    my ($start, $end, $script) = @$range;
    next if $script eq 'Unknown';
    $index{$script} //= do { push @names, $script; $#names };
    for my $age (@ages) {
        my ($from, $to) = ($start > $age->[0] ? $start : $age->[0], $end < $age->[1] ? $end : $age->[1]);
        next if $from > $to;
        my ($major) = $age->[2] =~ /(\d+)/;
        my $value = $index{$script} * 2 + (defined $major && $major > 9 ? 1 : 0);
        if (@ranges && $ranges[-1][1] == $from - 1 && $ranges[-1][2] == $value) { $ranges[-1][1] = $to }
        else { push @ranges, [$from, $to, $value] }
    }
}

binmode STDOUT;
sub number {
    my $n = shift;
    my $out = '';
    while ($n >= 128) { $out .= chr(($n & 127) | 128); $n >>= 7 }
    print $out . chr($n);
}
number(scalar @names);
for (@names) { number(length); print }
number(scalar @ranges);
my $end = 0;
for (@ranges) {
    number($_->[0] - $end);
    number($_->[1] - $_->[0] + 1);
    number($_->[2]);
    $end = $_->[1] + 1;
}
for my $property (qw(Alphabetic Lowercase Uppercase)) {
    my @found = grep { $_->[2] eq 'Y' } ranges_of($property);
    number(scalar @found);
    $end = 0;
    for (@found) {
        number($_->[0] - $end);
        number($_->[1] - $_->[0] + 1);
        $end = $_->[1] + 1;
    }
}
