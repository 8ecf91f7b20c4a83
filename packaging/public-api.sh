#!/usr/bin/env bash
# Writes the public API of each library into its PublicAPI.Unshipped.txt, for all that is not in PublicAPI.Shipped.txt. Run it after a change of public
# members; a build without it fails with RS0016 or RS0017.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for project in Tensors Formats Tokenizers Models Generation Training "" Server; do
    folder=src/Seriatim${project:+.$project}
    for file in Shipped Unshipped; do
        [ "$file" = Shipped ] && [ -f "$folder/PublicAPI.Shipped.txt" ] || echo "#nullable enable" > "$folder/PublicAPI.$file.txt"
    done
    dotnet build "$folder" -c Release -v minimal --nologo -p:TreatWarningsAsErrors=false -p:CodeAnalysisTreatWarningsAsErrors=false -p:BuildProjectReferences="${BUILD_REFERENCES:-true}" > "$log" || { tail -20 "$log"; exit 1; }
    grep -oE "RS0016: Symbol '.*' is not part" "$log" | sed -E "s/RS0016: Symbol '(.*)' is not part/\1/" | LC_ALL=C sort -u >> "$folder/PublicAPI.Unshipped.txt"
    echo "$folder: $(($(wc -l < "$folder/PublicAPI.Unshipped.txt") - 1)) members not shipped"
done
