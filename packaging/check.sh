#!/usr/bin/env bash
# Makes all packages and uses them as a stranger would, offline: installs the tool in an empty folder and translates with it, and builds a
# program that references the library. Run it after a Release build: .ci/run does.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null || true; rm -rf "$work"' EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
say() { echo "packages: $*"; }
entry() { if command -v unzip > /dev/null; then unzip -p "$1" "$2"; else python3 -c 'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())' "$1" "$2"; fi; }
fetch() { if command -v curl > /dev/null; then curl -sf -H "Accept: $2" "$1"; else python3 -c 'import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(r.Request(sys.argv[1], headers={"Accept": sys.argv[2]})).read())' "$1" "$2"; fi; }
expect() { [ "$2" = "$3" ] || { say "$1 gave \"$2\"; \"$3\" was expected."; exit 1; }; }

dotnet pack "$root/Seriatim.slnx" -c Release --no-build -o "$work/packages" -v quiet
for id in Seriatim Seriatim.Cli Seriatim.BuiltInModels Seriatim.Tensors Seriatim.Formats Seriatim.Tokenizers Seriatim.Models Seriatim.Generation Seriatim.Server Seriatim.Cluster Seriatim.Training; do
    package=$(ls "$work/packages" | grep -E "^$id\.[0-9][^/]*\.nupkg$") || { say "$id was not packed."; exit 1; }
    nuspec=$(entry "$work/packages/$package" "$id.nuspec")
    for part in readme icon description tags license projectUrl; do
        grep -q "<$part" <<<"$nuspec" || { say "$package says no $part."; exit 1; }
    done
done
version=${package#Seriatim.Training.}
version=${version%.nupkg}
say "$(ls "$work/packages"/*.nupkg | wc -l) of version $version"

# What is in the cache of this machine serves as a source, so that nothing is fetched; ours come from the folder alone.
cache=${NUGET_PACKAGES:-$HOME/.nuget/packages}
cat > "$work/NuGet.config" <<CONFIG
<configuration>
  <packageSources><clear /><add key="packed" value="$work/packages" /><add key="cache" value="$cache" /></packageSources>
  <packageSourceMapping>
    <packageSource key="packed"><package pattern="Seriatim" /><package pattern="Seriatim.*" /></packageSource>
    <packageSource key="cache"><package pattern="*" /></packageSource>
  </packageSourceMapping>
</configuration>
CONFIG
mkdir "$work/elsewhere"
cd "$work/elsewhere"
dotnet tool install Seriatim.Cli --version "$version" --tool-path "$work/tools" --configfile "$work/NuGet.config" > /dev/null
expect "the installed tool" "$("$work/tools/seriatim" translate "我爱学习")" "I love studying."

# The page, with all that it loads, is in the tool.
"$work/tools/seriatim" serve --port 0 --json > "$work/serve.json" 2> "$work/serve.log" &
server=$!
for _ in $(seq 150); do if [ -s "$work/serve.json" ]; then break; fi; sleep 0.2; done
url=$(sed -E 's/.*"url": ?"([^"]+)".*/\1/' "$work/serve.json")
html=$(fetch "$url/" text/html) || { say "the installed tool serves no page."; cat "$work/serve.log"; exit 1; }
files=$(grep -oE '(src|href)="page/[^"]+"' <<<"$html" | sed -E 's/.*"(.*)"/\1/')
[ "$(wc -l <<<"$files")" -ge 6 ] || { say "the page loads only $files"; exit 1; }
for file in $files; do fetch "$url/$file" '*/*' > "$work/file" && [ -s "$work/file" ] || { say "the installed tool does not serve $file."; exit 1; }; done
kill "$server"
wait "$server" || true
server=

mkdir "$work/program"
cd "$work/program"
cat > program.csproj <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <NuGetAudit>false</NuGetAudit>
    <RestorePackagesPath>$work/restored</RestorePackagesPath>
    <SeriatimBuiltInModels>zh-en</SeriatimBuiltInModels>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Seriatim" Version="$version" />
    <PackageReference Include="Seriatim.BuiltInModels" Version="$version" />
  </ItemGroup>
</Project>
PROJECT
cat > Program.cs <<'PROGRAM'
using Seriatim;

using var translator = await Translator.OpenAsync("zh-en");
Console.WriteLine(await translator.TranslateAsync("我爱学习"));
PROGRAM
dotnet build -c Release -v quiet --nologo -o "$work/built" -p:RestoreConfigFile="$work/NuGet.config" > "$work/build.log" || { cat "$work/build.log"; exit 1; }
expect "a program with the packages" "$(dotnet "$work/built/program.dll")" "I love studying."
expect "models of that program" "$(ls "$work/built/models")" "zh-en"
grep -q '"System.Runtime.TieredCompilation.QuickJitForLoops": false' "$work/built/program.runtimeconfig.json" || { say "a program with the packages does not get their build properties."; exit 1; }
say "installed, built, run"
