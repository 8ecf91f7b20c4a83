global using Seriatim.Cluster;
global using Seriatim.Generation;
global using Seriatim.Models;
